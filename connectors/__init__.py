"""Doors: everything that speaks to the outside."""
