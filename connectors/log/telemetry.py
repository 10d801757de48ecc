"""What the log says of itself. Counts here are attempts of this process; exact counts live in Redis."""

from __future__ import annotations

import structlog
from prometheus_client import Counter

_logger = structlog.get_logger()

_PAGES = Counter("wirewatch_pages_committed_total", "Pages whose effects and cursor were committed.", ["stream"])
_REFUSED = Counter("wirewatch_pages_refused_total", "Pages refused because the cursor had moved on.", ["stream"])
_TRIMMED = Counter("wirewatch_stream_entries_trimmed_total", "Stream entries trimmed below the cursor.", ["stream"])
_LOST = Counter("wirewatch_stream_entries_lost_total", "Stream entries trimmed before they were read.", ["stream"])
_WAITS = Counter("wirewatch_store_waits_total", "Times that Redis did not answer and was waited for.")


def _kind(stream: str) -> str:
    """Name a stream without its shard: sixteen shards are one series."""
    return stream.partition(":")[0]


for _stream in ("entries", "items"):
    for _counter in (_PAGES, _REFUSED, _TRIMMED, _LOST):
        _counter.labels(_stream)


def page_committed(stream: str) -> None:
    """Count a page that went through."""
    _PAGES.labels(_kind(stream)).inc()


def page_refused(stream: str) -> None:
    """Count a stale page: another reader was first."""
    _REFUSED.labels(_kind(stream)).inc()
    _logger.info("page_refused", stream=stream)


def entries_trimmed(stream: str, count: int) -> None:
    """Count entries that were trimmed after they had been read."""
    _TRIMMED.labels(_kind(stream)).inc(count)


def entries_lost(stream: str, count: int) -> None:
    """Count entries that were trimmed unread."""
    _LOST.labels(_kind(stream)).inc(count)
    _logger.error("entries_lost", stream=stream, entries=count)


def store_waited(attempt: int, error: Exception) -> None:
    """Say once per outage that Redis does not answer; count every wait."""
    _WAITS.inc()
    if attempt == 0:
        _logger.warning("store_away", error=str(error))


def store_returned(seconds: float) -> None:
    """Say that Redis answers again."""
    _logger.info("store_back", away_seconds=round(seconds, 1))
