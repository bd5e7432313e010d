"""Doors out: the warehouse and notifications."""
