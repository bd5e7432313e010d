"""Doors out: the leaderboard server and its page."""
