"""Alerts at work: watched by a tick over everybody, kept as events, told through the doors out."""
