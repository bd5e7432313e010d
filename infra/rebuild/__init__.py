"""Results computed again from history, beside the live ones, and put in their place."""
