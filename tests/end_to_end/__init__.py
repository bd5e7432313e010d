"""Whole installations, run as a person runs them."""
