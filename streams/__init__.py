"""Verbs, machine and pipes: rules, the engine that runs them, the agents that join the two."""
