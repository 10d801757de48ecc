"""Notices that files changed, by looking at them now and then."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta


class FileWatch:
    """Remembers how files looked when it was made, and at each change since."""

    def __init__(self, paths: Sequence[str], every: timedelta) -> None:
        self._paths = tuple(paths)
        self._every_seconds = every.total_seconds()
        self._looked_at = float("-inf")
        self._looks = self._look()

    def has_changed(self, now_seconds: float) -> bool:
        """Say whether a file changed since the last look; looks at most once a span."""
        if not self._paths or now_seconds - self._looked_at < self._every_seconds:
            return False
        self._looked_at = now_seconds
        before, self._looks = self._looks, self._look()
        return before != self._looks

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_look_of(path) for path in self._paths)


def _look_of(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
