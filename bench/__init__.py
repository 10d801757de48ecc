"""Benchmarks: each prints rows of a table, with the bar and, where a peer exists, a ratio in the same run."""
