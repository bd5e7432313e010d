"""Benchmarks; off by default."""
