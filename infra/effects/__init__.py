"""What a change of definitions would do to the numbers."""
