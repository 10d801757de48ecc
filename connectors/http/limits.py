"""How long and how large a request may become. Standard library only: settings import it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How long and how large a request may become."""

    # From the first hop's start to the last byte; waiting for a place is not counted.
    total: timedelta = timedelta(seconds=30)
    # Between two pieces of an answer.
    idle: timedelta = timedelta(seconds=10)
    connect: timedelta = timedelta(seconds=10)
    # Of the decompressed body.
    body_bytes: int = 15 * MEBIBYTE
    redirects: int = 5
