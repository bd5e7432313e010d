"""Scorecards read from the warehouse and told to people and programs."""
