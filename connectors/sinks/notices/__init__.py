"""Notices to people: what an alert says, in their language, on the channel they read."""
