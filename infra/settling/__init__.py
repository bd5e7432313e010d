"""Settled months: what days that are over add up to, exact at any instant."""
