"""The output of Singer taps on standard input."""
