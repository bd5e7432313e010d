"""The other engines, each a script of its own that runs in an environment of its own."""
