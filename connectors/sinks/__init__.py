"""Where alerts go: one module a kind of sink, one loop that serves them all."""
