"""The seeded simulation: the engine itself, and all that is outside of it in memory."""
