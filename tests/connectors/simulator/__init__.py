"""Tests of the simulated sales floor."""
