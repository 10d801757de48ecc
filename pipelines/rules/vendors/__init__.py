"""Readers of other vendors' query languages."""
