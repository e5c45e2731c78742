"""Benchmarks and storms: what the pages on performance and reliability are made of."""
