"""Tests of HR systems asked over the network."""
