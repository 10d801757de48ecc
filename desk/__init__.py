"""The page and the HTTP API. Imports the other two packages; nothing imports it."""
