"""What keeps vendors' sources going: settings, memory, and the loops that ask, hear and map."""
