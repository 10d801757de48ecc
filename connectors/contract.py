"""What a sink promises to the delivery loop, and the answers it may give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from connectors.records import Alert


class FailReason(StrEnum):
    """Why a delivery did not go through. A closed set: these are metric labels."""

    TIMEOUT = "timeout"
    CONNECT = "connect"
    ADDRESS_REFUSED = "address_refused"
    HTTP_3XX = "http_3xx"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    RATE_LIMITED = "rate_limited"
    GONE = "gone"
    SERVICE = "service"
    IO = "io"
    UNREADABLE = "unreadable"
    TRIES_SPENT = "tries_spent"
    # No sink of that name is set up.
    UNKNOWN_SINK = "unknown_sink"
    # The oldest of more alerts than may wait for one sink.
    QUEUE_FULL = "queue_full"


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived. ``reference`` is what the service needs to update it in place, or ""."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """It may arrive later; ``after`` overrides the retry table where the service said when."""

    reason: FailReason
    detail: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """This alert will never arrive there: dead-letter it and go on with the next."""

    reason: FailReason
    detail: str


@dataclass(frozen=True, slots=True)
class Disabled:
    """The receiver wants no more of anything (410): stop this sink until a person enables it."""

    reason: FailReason
    detail: str


Outcome = Delivered | Retry | Rejected | Disabled


class Sink(Protocol):
    """Takes alerts one at a time. At least once: the same ``alert.key`` may come again.

    ``send`` never raises for what the outside world does; it returns an ``Outcome``. ``reference``
    is what ``Delivered`` carried for an earlier revision of the same alert, or "".
    """

    async def send(self, alert: Alert, reference: str) -> Outcome:
        """Hand one alert over and say what came of it."""
        ...

    async def close(self) -> None:
        """Give back what the sink holds open."""
        ...
