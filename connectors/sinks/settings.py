"""Where alerts go, and how hard to try."""
