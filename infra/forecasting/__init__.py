"""Forecasts made again and again: what is known is read, drawn from, and what changed is stored."""
