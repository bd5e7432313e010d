"""Vendors' systems as sources: each a mapping, a pure reader of pushes, and a thin client."""
