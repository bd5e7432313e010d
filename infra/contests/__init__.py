"""Contests: rules in words, reading what counts, standings, final results."""
