"""Decides when a feed is polled next. Pure: the clock, the answer and the dice are handed in.

A feed that works is polled a few times per expected entry, between its tier's floor and ceiling, and
no sooner than its publisher asks. A feed that fails backs off by the class of its failure, and is
probed at least daily for ever: nothing is given up in silence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.http.errors import ErrorClass

DAY = timedelta(days=1)
# How fast the observed rate forgets.
_MEMORY = timedelta(hours=6)
# A poll that found something shortens the interval at least so, one that found nothing lengthens it at most so.
_SHORTEN = 0.7
_LENGTHEN = 1.5
# Spread around the planned wait, so that feeds that once met do not meet for ever.
_SPREAD = 0.1
# Enough for every cap; more would leave the range of a timedelta.
_MOST_DOUBLINGS = 20
# How much one gap counts against what is usual.
_GAP_WEIGHT = 0.1
_SILENT_MOST = timedelta(days=14)
# Window of dated entries from which the rate of a feed never seen before is guessed.
_GUESS_WINDOW = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tier allows."""

    floor: timedelta
    ceiling: timedelta
    polls_per_entry: float = 4.0


@dataclass(frozen=True, slots=True)
class Pace:
    """What has been learnt of a feed."""

    # The wait now held to be right, before the publisher's wishes.
    interval_seconds: float = 0.0
    # New entries a second; 0 unknown or none.
    rate: float = 0.0
    errors_in_row: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What the last poll showed that matters for the next."""

    error: ErrorClass | None = None
    status: int = 0
    # Asked by the server in this answer.
    retry_after: timedelta | None = None
    # Cache-Control or Expires.
    fresh_for: timedelta | None = None
    # <ttl> or sy:updatePeriod of the feed.
    ttl: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Backoff:
    first: timedelta
    cap: timedelta


_BACKOFFS = {
    ErrorClass.CONNECT: _Backoff(timedelta(minutes=1), timedelta(hours=2)),
    ErrorClass.TIMEOUT: _Backoff(timedelta(minutes=1), timedelta(hours=2)),
    ErrorClass.PROTOCOL: _Backoff(timedelta(minutes=5), timedelta(hours=6)),
    ErrorClass.DNS: _Backoff(timedelta(minutes=5), timedelta(hours=12)),
    ErrorClass.TLS: _Backoff(timedelta(minutes=15), DAY),
    ErrorClass.REDIRECT: _Backoff(timedelta(minutes=15), DAY),
    ErrorClass.RATE_LIMITED: _Backoff(timedelta(minutes=5), DAY),
    ErrorClass.HTML: _Backoff(timedelta(minutes=5), timedelta(hours=6)),
    ErrorClass.PARSE: _Backoff(timedelta(minutes=5), timedelta(hours=6)),
    ErrorClass.TOO_LARGE: _Backoff(timedelta(hours=1), DAY),
    ErrorClass.ADDRESS_REFUSED: _Backoff(timedelta(hours=6), DAY),
    ErrorClass.URL: _Backoff(timedelta(hours=6), DAY),
    ErrorClass.GONE: _Backoff(DAY, DAY),
    ErrorClass.HTTP: _Backoff(timedelta(minutes=2), timedelta(hours=2)),
}
# 4xx: the server is well and does not want this request.
_CLIENT_ERROR = _Backoff(timedelta(minutes=15), DAY)


def next_poll_at(pace: Pace, facts: Facts, now: datetime, limits: Limits, jitter: float) -> datetime:
    """Say when to poll next. ``jitter`` is a random number from 0 to 1.

    Never sooner than the floor, nor than Retry-After asks (up to a day). Never later than the tier's
    ceiling for a feed that works, nor than a day for one that fails, but for what Retry-After asks.
    """
    wanted = min(facts.retry_after or timedelta(0), DAY)
    if facts.error is None:
        least = limits.floor
        most = max(limits.ceiling, limits.floor)
        hints = max(facts.fresh_for or timedelta(0), facts.ttl or timedelta(0))
        least = max(least, min(hints, most))
        wait = timedelta(seconds=pace.interval_seconds)
    else:
        least, most = limits.floor, max(DAY, limits.floor)
        wait = backoff(facts.error, facts.status, pace.errors_in_row)
        if facts.error in (ErrorClass.RATE_LIMITED, ErrorClass.HTTP):
            # Coming back as fast as before is what it complained of.
            wait = max(wait, min(timedelta(seconds=2 * pace.interval_seconds), DAY))
    least = max(least, wanted)
    wait = min(max(wait, least), max(most, least))
    spread = wait * _SPREAD
    # A bound moves the spread to its other side and does not take it away.
    earliest = max(wait - spread, least)
    latest = min(wait + spread, max(most, least + spread))
    return now + earliest + (latest - earliest) * jitter


def backoff(error: ErrorClass, status: int, errors_in_row: int) -> timedelta:
    """Wait that the class of a failure asks for: doubling from its first wait to its cap."""
    table = _CLIENT_ERROR if error is ErrorClass.HTTP and 400 <= status < 500 else _BACKOFFS[error]
    doublings = min(max(errors_in_row - 1, 0), _MOST_DOUBLINGS)
    return min(table.first * float(2**doublings), table.cap)


def learned(pace: Pace, new_entries: int, since_last: timedelta, limits: Limits) -> Pace:
    """Learn from a poll that worked: ``new_entries`` came in the time since the last one that did."""
    seconds = max(since_last.total_seconds(), 1.0)
    kept = math.exp(-seconds / _MEMORY.total_seconds())
    rate = pace.rate * kept + new_entries / seconds * (1.0 - kept)
    interval = _interval(rate, limits)
    before = pace.interval_seconds or interval
    interval = min(interval, before * (_SHORTEN if new_entries else _LENGTHEN))
    return Pace(_within(interval, limits), rate, 0)


def guessed(published: Sequence[datetime], now: datetime, limits: Limits) -> Pace:
    """Guess the pace of a feed seen for the first time from the dates of its entries."""
    recent = [at for at in published if timedelta(0) <= now - at <= _GUESS_WINDOW]
    if len(recent) < 2:
        return Pace(_within(math.sqrt(limits.floor / limits.ceiling) * limits.ceiling.total_seconds(), limits))
    # A list that holds only its last few entries tells of the time that they span, not of three days.
    span = now - min(recent) if len(recent) == len(published) else _GUESS_WINDOW
    rate = len(recent) / max(span.total_seconds(), 60.0)
    return Pace(_within(_interval(rate, limits), limits), rate)


def failed(pace: Pace) -> Pace:
    """Count one more failure; what was learnt stays."""
    return Pace(pace.interval_seconds, pace.rate, pace.errors_in_row + 1)


def usual_gap(before_seconds: float, gap: timedelta) -> float:
    """Learn the usual time between news, in seconds, from one more gap; 0 is unknown."""
    seconds = max(gap.total_seconds(), 0.0)
    return before_seconds + (seconds - before_seconds) * _GAP_WEIGHT if before_seconds else seconds


def silent_after(gap_seconds: float) -> timedelta:
    """Time without news after which a feed that answers is called silent; by its usual gap, 0 unknown."""
    if not gap_seconds:
        return _SILENT_MOST
    return min(max(timedelta(seconds=min(20 * gap_seconds, 1e8)), DAY), _SILENT_MOST)


def _interval(rate: float, limits: Limits) -> float:
    ceiling = limits.ceiling.total_seconds()
    return min(1.0 / (rate * limits.polls_per_entry), ceiling) if rate * ceiling > 1e-9 else ceiling


def _within(seconds: float, limits: Limits) -> float:
    return max(min(seconds, limits.ceiling.total_seconds()), limits.floor.total_seconds())
