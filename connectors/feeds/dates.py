"""Instants of entries: ISO 8601 in, aware UTC out, anything outside the years of news dropped. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.feeds.fast import any_date
from connectors.feeds.faults import ParseFault

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_FUTURE = timedelta(days=3660)


def iso_moment(text: str, faults: list[ParseFault]) -> str | None:
    """Return a date in any common form as ISO 8601, or None, with a fault where there was a text."""
    if not text:
        return None
    moment = any_date(text)
    if moment is None:
        faults.append(ParseFault.BAD_DATE)
    return moment


def instant(iso: str | None, now: datetime | None, faults: list[ParseFault]) -> datetime | None:
    """Return the instant in UTC, whole seconds; None and a fault outside 1970 to ten years past ``now``."""
    if not iso:
        return None
    try:
        moment = datetime.fromisoformat(iso)
        if moment.tzinfo is not UTC:
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        faults.append(ParseFault.BAD_DATE)
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR or (now is not None and moment - now > _FUTURE):
        faults.append(ParseFault.BAD_DATE)
        return None
    return moment.replace(microsecond=0) if moment.microsecond else moment
