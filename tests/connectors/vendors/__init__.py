"""Vendors' stand-ins, made from the vendors' documents, and the list all sources go through."""
