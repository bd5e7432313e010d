"""Zoho CRM. A folder: pushes and the API change apart."""
