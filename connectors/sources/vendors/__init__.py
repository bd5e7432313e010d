"""Vendors' systems as sources: each a mapping, a pure reader of what it pushes, and a thin client."""
