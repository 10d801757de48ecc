"""What the desk counts of itself."""

from __future__ import annotations

from enum import StrEnum

import structlog
from prometheus_client import Counter, Gauge

_logger = structlog.get_logger()


class StreamEnd(StrEnum):
    """Why a stream ended."""

    CLIENT = "client"
    SLOW = "slow"
    CLOSING = "closing"
    STORE = "store"


class Refusal(StrEnum):
    """Why a request was turned away."""

    HOST = "host"
    TOKEN = "token"
    FULL = "full"
    ORIGIN = "origin"


_CLIENTS = Gauge("wirewatch_stream_clients", "Open event streams.", multiprocess_mode="livesum")
_ENDED = Counter("wirewatch_streams_ended_total", "Event streams that ended, by reason.", ["reason"])
_SENT = Counter("wirewatch_stream_events_sent_total", "Events sent to stream clients.")
_GAPS = Counter("wirewatch_stream_gaps_announced_total", "Clients told that events before their position are gone.")
_REFUSED = Counter("wirewatch_requests_refused_total", "Requests turned away, by reason.", ["reason"])
_FAILED = Counter("wirewatch_requests_failed_total", "Requests that ended in an error of the desk or the store.")

for _reason in StreamEnd:
    _ENDED.labels(_reason.value)
for _refusal in Refusal:
    _REFUSED.labels(_refusal.value)


def stream_opened() -> None:
    """Count a client in."""
    _CLIENTS.inc()


def stream_ended(reason: StreamEnd) -> None:
    """Count a client out."""
    _CLIENTS.dec()
    _ENDED.labels(reason.value).inc()


def events_sent(count: int) -> None:
    """Count events that left for one client."""
    _SENT.inc(count)


def gap_announced() -> None:
    """Count a client that was told of a gap."""
    _GAPS.inc()


def request_refused(refusal: Refusal, client: str) -> None:
    """Count a request that was turned away, and say so."""
    _REFUSED.labels(refusal.value).inc()
    _logger.warning("request_refused", reason=refusal.value, client=client)


def request_failed(path: str, error: Exception) -> None:
    """Count a request that failed, and say so."""
    _FAILED.inc()
    _logger.error("request_failed", path=path, error=f"{type(error).__name__}: {error}")


def events_away(error: Exception) -> None:
    """Say that the events stream cannot be read."""
    _logger.warning("events_away", error=str(error))
