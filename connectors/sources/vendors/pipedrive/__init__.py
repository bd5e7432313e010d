"""Pipedrive. A folder: pushes, records and the API change apart."""
