"""When a failed delivery is tried again. Pure: the clock and the dice come from the caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# The table of Standard Webhooks: about three days in ten tries.
TABLE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# Each wait is stretched by up to this part of itself, so that what failed together does not return together.
_JITTER = 0.1
# A service that says "at once" is still given this much air.
_LEAST_AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Tries:
    """What is remembered of an alert that failed at a sink."""

    # Tries that the table has counted.
    spent: int
    # When it failed first.
    since: datetime
    # When it is due again.
    due_at: datetime


def next_try(
    before: Tries | None,
    now: datetime,
    *,
    table: Sequence[timedelta],
    after: timedelta | None,
    after_limit: timedelta,
    draw: float,
) -> Tries | None:
    """Say when to try again after a failure at ``now``; None once the table is spent.

    ``after`` is the service's own word (Retry-After): it replaces the table's wait, up to
    ``after_limit``, and costs no try, because a rate limit says nothing of this alert; but the
    table's whole span bounds it. ``draw`` lies in [0, 1).
    """
    spent, since = (before.spent, before.since) if before else (0, now)
    if after is not None:
        if now - since > sum(table, timedelta(0)) * (1 + _JITTER):
            return None
        wait = min(max(after, _LEAST_AFTER), after_limit)
        return Tries(spent, since, now + wait * (1 + _JITTER * draw))
    spent += 1
    if spent >= len(table):
        return None
    return Tries(spent, since, now + table[spent] * (1 + _JITTER * draw))


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header (RFC 9110 §10.2.3): seconds or a date; None for anything else."""
    text = (value or "").strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text[:12]), 10**9))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))
