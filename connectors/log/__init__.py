"""The Redis log: append, read pages, atomic commit, cursors, leases, trim."""
