"""The bundled demo: the canonical scenario on an accelerated clock, told by feeds that real polling fetches."""
