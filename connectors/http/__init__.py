"""The one guarded HTTP client: connected-address checks, caps, per-host pacing."""
