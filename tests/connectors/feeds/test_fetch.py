"""One conditional request: what is sent, and what each answer is called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.feeds.fetch import (
    Failed,
    Fetched,
    FetchResult,
    Unchanged,
    address,
    fetch,
    judge,
    may_ask_conditionally,
    validator,
)
from connectors.feeds.schedule import Pace
from connectors.feeds.state import FeedState, adopted
from connectors.http.client import GuardedSession, Response
from connectors.http.errors import ErrorClass
from connectors.http.testing import LOOPBACK, LocalServer

NOW = datetime(2026, 11, 8, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
URL = "https://news.example/rss"
KNOWN = FeedState("a", URL, URL, etag='W/"a b"', last_modified="yesterday, about noon", body_hash="x", whole_at=NOW)


def _fetch(server_does: Callable[[LocalServer], object], state: FeedState) -> tuple[FetchResult, list[dict[str, str]]]:
    """Fetch /rss of a server in that state; gives the result and the request's headers."""

    async def run() -> tuple[FetchResult, list[dict[str, str]]]:
        async with LocalServer() as server, GuardedSession(allow_networks=LOOPBACK) as session:
            server_does(server)
            url = server.url("/rss")
            here = replace(state, url=url, listed_url=url)
            return await fetch(session, here, whole_after=DAY, clock=lambda: NOW), server.requests["/rss"]

    return asyncio.run(run())


def _answer(status: int, body: bytes = b"", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, body, URL, False)


def test_validators_go_back_byte_for_byte() -> None:
    result, requests = _fetch(lambda server: server.serve("/rss", status=304), KNOWN)
    assert isinstance(result, Unchanged)
    assert not result.is_whole
    assert requests[0]["If-None-Match"] == 'W/"a b"'
    assert requests[0]["If-Modified-Since"] == "yesterday, about noon"


def test_new_body_comes_with_all_that_is_kept_of_it() -> None:
    headers = {"ETag": '"new"', "Last-Modified": "today", "Content-Type": "text/xml", "Cache-Control": "max-age=60"}
    result, _ = _fetch(lambda server: server.serve("/rss", b"<rss/>", headers=headers), KNOWN)
    assert isinstance(result, Fetched)
    assert (result.body, result.etag, result.last_modified, result.content_type) == (
        b"<rss/>", '"new"', "today", "text/xml",
    )  # fmt: skip
    assert result.asked.fresh_for == timedelta(minutes=1)
    assert result.asked.is_conditional


def test_same_bytes_under_another_etag_are_unchanged() -> None:
    first = judge(_answer(200, b"<rss/>", ETag='"1"'), KNOWN, URL, is_conditional=False, now=NOW)
    assert isinstance(first, Fetched)
    second = judge(
        _answer(200, b"<rss/>", ETag='"2"'), replace(KNOWN, body_hash=first.body_hash), URL,
        is_conditional=True, now=NOW,
    )  # fmt: skip
    assert isinstance(second, Unchanged)
    assert (second.is_whole, second.etag, second.body_bytes) == (True, '"2"', 6)


@pytest.mark.parametrize(
    ("state", "asks"),
    [
        (KNOWN, True),
        (replace(KNOWN, etag="", last_modified=""), False),
        (replace(KNOWN, etag=""), True),
        (replace(KNOWN, whole_at=NOW - DAY), False),
        (replace(KNOWN, whole_at=None), False),
        (replace(KNOWN, unchanged_in_row=19), True),
        (replace(KNOWN, unchanged_in_row=20), False),
        (replace(KNOWN, unchanged_in_row=20, unchanged_believed=40), True),
        (replace(KNOWN, validators_distrusted_until=NOW + DAY), False),
        (replace(KNOWN, validators_distrusted_until=NOW - DAY), True),
        (replace(KNOWN, url="https://elsewhere.example/"), False),
    ],
)
def test_whole_body_is_asked_for_where_a_304_would_not_be_believed(state: FeedState, asks: bool) -> None:
    assert may_ask_conditionally(state, URL, NOW, DAY) is asks


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_answer(410), ErrorClass.GONE),
        (_answer(429), ErrorClass.RATE_LIMITED),
        (_answer(503), ErrorClass.HTTP),
        (_answer(503, Retry_After="60"), ErrorClass.RATE_LIMITED),
        (_answer(404), ErrorClass.HTTP),
        (_answer(204), ErrorClass.HTTP),
        (_answer(304), ErrorClass.HTTP),
    ],
)
def test_answer_without_a_feed_is_named(answer: Response, error: ErrorClass) -> None:
    result = judge(answer, KNOWN, URL, is_conditional=False, now=NOW)
    assert isinstance(result, Failed)
    assert (result.error, result.status) == (error, answer.status)


def test_retry_after_is_handed_on() -> None:
    result = judge(_answer(429, Retry_After="90"), KNOWN, URL, is_conditional=True, now=NOW)
    assert result.asked.retry_after == timedelta(seconds=90)


def test_failure_of_the_network_is_a_value() -> None:
    state = FeedState("a", URL, "http://no-such-name.invalid/")

    async def run() -> FetchResult:
        async with GuardedSession() as session:
            return await fetch(session, state, whole_after=DAY, clock=lambda: NOW)

    result = asyncio.run(run())
    assert isinstance(result, Failed)
    assert (result.error, result.asked.answered_at) == (ErrorClass.DNS, NOW)


@pytest.mark.parametrize("text", ["", "\x80", "a\udce9", "a\nb", "x" * 600, " "])
def test_validator_that_cannot_be_sent_back_is_none(text: str) -> None:
    assert validator(_answer(200, ETag=text), "ETag") == ""


def test_old_address_is_tried_now_and_then_while_the_new_one_fails() -> None:
    moved = FeedState("a", "https://old.example/", "https://new.example/")
    asked = [address(replace(moved, pace=Pace(errors_in_row=row))) for row in range(6)]
    assert [url for url in asked if url == moved.listed_url] == [moved.listed_url] * 2
    assert asked[0] == asked[1] == "https://new.example/"


def test_new_address_in_the_list_starts_anew_and_keeps_what_was_learnt() -> None:
    before = replace(KNOWN, pace=Pace(300, 0.1, 4), next_due_at=NOW + DAY, first_verified_at=NOW)
    after = adopted(before, "a", "https://other.example/")
    assert (after.url, after.etag, after.body_hash, after.next_due_at) == ("https://other.example/", "", "", None)
    assert (after.pace, after.first_verified_at) == (Pace(300, 0.1, 0), NOW)
    assert adopted(before, "a", URL) is before
