"""When an item joins a story. Apart from the index, so that settings do not load its libraries. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class JoinLimits:
    """When an item joins a story."""

    # Cosine at which an item joins within a language.
    threshold: float = 0.22
    # Weight of shared names at which it joins across languages; a name no other story has weighs 1.
    names_threshold: float = 1.6
    # A story that was silent for this long is closed.
    memory: timedelta = timedelta(days=3)
    # Stories held; the longest silent are closed first.
    max_stories: int = 10_000
