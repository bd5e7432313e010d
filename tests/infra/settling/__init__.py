"""Settled months."""
