"""Definitions as data: files to values, values checked, compared, put in force and shown."""
