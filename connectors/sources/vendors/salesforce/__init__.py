"""Salesforce: changes by the Pub/Sub API, records and backfill by REST and Bulk API 2.0."""
