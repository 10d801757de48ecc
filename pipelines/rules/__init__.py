"""The query language: parse, check, match. Pure."""
