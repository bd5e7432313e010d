"""Salesforce: change events over the Pub/Sub API, records and backfill over REST and Bulk API 2.0."""
