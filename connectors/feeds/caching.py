"""What an answer's headers ask of a polite poller: when to come back, how long it stays fresh. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_DIRECTIVE = re.compile(r'([\w-]+)\s*(?:=\s*"?([^",\s]*)"?)?')
# Larger figures are of no use and would overflow a timedelta.
_SECONDS_LIMIT = 10 * 365 * 86400


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Time until the server wants to be asked again (RFC 9110, 10.2.3); None where it says nothing usable."""
    text = headers.get("Retry-After", "").strip()
    if (span := _seconds(text)) is not None:
        return span
    at = _instant(text)
    return max(at - now, timedelta(0)) if at else None


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Time for which an answer stays fresh: max-age less Age, else Expires less Date; None where unsaid.

    An answer that wants no cache (no-store, no-cache, "Expires: 0") asks for no waiting.
    """
    directives = {name.lower(): value for name, value in _DIRECTIVE.findall(headers.get("Cache-Control", ""))}
    if "no-store" in directives or "no-cache" in directives:
        return None
    if "max-age" in directives:
        age = _seconds(headers.get("Age", "")) or timedelta(0)
        span = _seconds(directives["max-age"])
        return max(span - age, timedelta(0)) if span is not None else None
    expires = _instant(headers.get("Expires", ""))
    if expires is None:
        return None
    return max(expires - (_instant(headers.get("Date", "")) or now), timedelta(0))


def _seconds(text: str) -> timedelta | None:
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,18}", text):
        return None
    return timedelta(seconds=min(int(text), _SECONDS_LIMIT))


def _instant(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
