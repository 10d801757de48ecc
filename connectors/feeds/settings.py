"""How the poller behaves: limits, pacing, caps."""
