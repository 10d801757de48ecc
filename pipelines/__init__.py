"""The decisions: two Beam pipelines over pure packages."""
