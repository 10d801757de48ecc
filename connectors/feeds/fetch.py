"""Asks for one feed once: conditionally where that is safe, and names what came back. Decides nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.feeds import caching
from connectors.feeds.state import FeedState
from connectors.http.client import GuardedSession, Response
from connectors.http.errors import ErrorClass, FetchError

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json,"
    " application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
# A validator that could not be sent back byte for byte is none.
_SENDABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?")
# Failures in a row after which every other try goes to the address in the list, not to where it was moved.
_TRIES_BEFORE_LISTED_URL = 3
# A body is fetched whole at the latest after this many 304s, however often they proved true.
_MOST_UNCHANGED = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """How the feed was asked for, and when the answer was there."""

    url: str
    is_conditional: bool
    answered_at: datetime
    fresh_for: timedelta | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body that differs from the last one."""

    asked: Asked
    body: bytes
    body_hash: str
    content_type: str
    final_url: str
    # Where the feed was moved for good, or "".
    moved_to: str
    etag: str
    last_modified: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The feed is as it was: a 304, or the same bytes again."""

    asked: Asked
    # False for a 304.
    is_whole: bool
    moved_to: str = ""
    etag: str = ""
    last_modified: str = ""
    body_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """No feed came. ``detail`` is one line for people."""

    asked: Asked
    error: ErrorClass
    detail: str
    status: int = 0


FetchResult = Fetched | Unchanged | Failed


async def fetch(
    session: GuardedSession,
    state: FeedState,
    *,
    whole_after: timedelta,
    clock: Callable[[], datetime],
    booked: bool = False,
) -> FetchResult:
    """Fetch a feed once. Raises nothing for what the network or the publisher does."""
    url = address(state)
    headers = {"Accept": _ACCEPT}
    if is_conditional := may_ask_conditionally(state, url, clock(), whole_after):
        if state.etag:
            headers["If-None-Match"] = state.etag
        if state.last_modified:
            headers["If-Modified-Since"] = state.last_modified
    try:
        response = await session.request("GET", url, headers, booked=booked)
    except FetchError as error:
        return Failed(Asked(url, is_conditional, clock()), error.kind, error.detail)
    return judge(response, state, url, is_conditional=is_conditional, now=clock())


def address(state: FeedState) -> str:
    """Choose the address to ask: where the feed was moved, and now and then its old one if that fails."""
    fails = state.pace.errors_in_row
    return state.listed_url if fails >= _TRIES_BEFORE_LISTED_URL and fails % 2 else state.url


def may_ask_conditionally(state: FeedState, url: str, now: datetime, whole_after: timedelta) -> bool:
    """Say whether a 304 would be believed."""
    if not (state.etag or state.last_modified) or url != state.url or state.whole_at is None:
        return False
    if state.validators_distrusted_until is not None and now < state.validators_distrusted_until:
        return False
    return (
        state.unchanged_in_row < min(state.unchanged_believed, _MOST_UNCHANGED) and now - state.whole_at < whole_after
    )


def judge(response: Response, state: FeedState, url: str, *, is_conditional: bool, now: datetime) -> FetchResult:
    """Name an answer. Pure."""
    asked = Asked(
        url,
        is_conditional,
        now,
        caching.fresh_for(response.headers, now),
        caching.retry_after(response.headers, now),
    )
    status = response.status
    moved_to = response.final_url if response.moved_permanently else ""
    if status == 304 and is_conditional:
        return Unchanged(asked, is_whole=False)
    if status == 200:
        etag, last_modified = validator(response, "ETag"), validator(response, "Last-Modified")
        body_hash = hashlib.blake2b(response.body, digest_size=16).hexdigest()
        if body_hash == state.body_hash:
            return Unchanged(asked, True, moved_to, etag, last_modified, len(response.body))
        content_type = response.headers.get("Content-Type", "")
        return Fetched(asked, response.body, body_hash, content_type, response.final_url, moved_to, etag, last_modified)
    error = {410: ErrorClass.GONE, 429: ErrorClass.RATE_LIMITED}.get(status, ErrorClass.HTTP)
    if status == 503 and asked.retry_after is not None:
        error = ErrorClass.RATE_LIMITED
    said = "a 304 that was not asked for" if status == 304 else f"status {status}"
    return Failed(asked, error, said, status)


def validator(response: Response, name: str) -> str:
    """Read a validator as it must be sent back; "" for one that cannot be."""
    text = response.headers.get(name, "")
    return text if _SENDABLE.fullmatch(text) else ""
