"""Whose voice a report is. Pure."""
