"""The edge: entries come in, alerts go out. Knows no rule and no story."""
