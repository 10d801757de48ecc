"""One verb-named PTransform a file, over the pure packages."""
