"""Vendors' systems as sources of an installation: adding them, showing how they do."""
