"""Feed parsing against feedparser: speed in one run, equality of titles, links and dates, encodings.

Reads ``../shared/data/feeds`` beside the checkout; without it there is nothing to measure.
"""

from __future__ import annotations

import calendar
import gzip
import html
import io
import json
import re
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser

from bench.row import Row, at_least, table
from connectors.feeds.parse import parse_feed
from connectors.feeds.parsed import parsed_json

FEEDS = Path(__file__).resolve().parents[2] / "shared" / "data" / "feeds"
_BASE_URL = "https://feeds.example/feed.xml"
_SPEED_BAR = 30.0
_PASSES = 4
_EQUAL_BAR = 98.5


def documents() -> list[bytes]:
    """Return the real feeds, decompressed, in the order of their names."""
    return [gzip.decompress(path.read_bytes()) for path in sorted((FEEDS / "real").glob("*.gz"))]


def speed(bodies: list[bytes]) -> float:
    """Return how many times faster than feedparser the bodies are read, in CPU time of one core.

    feedparser reads all of them once, which takes seconds; this parser four times before (the first cold) and four
    times after, a tenth of a second each, and the median counts: one disturbed pass says nothing.
    """
    passes = [_seconds(lambda body: parse_feed(body, base_url=_BASE_URL), bodies) for _ in range(_PASSES)]
    theirs = _seconds(lambda body: feedparser.parse(io.BytesIO(body)), bodies)
    passes += [_seconds(lambda body: parse_feed(body, base_url=_BASE_URL), bodies) for _ in range(_PASSES)]
    return theirs / statistics.median(passes)


def _seconds(read: Callable[[bytes], object], bodies: list[bytes]) -> float:
    start = time.process_time()
    for body in bodies:
        read(body)
    return time.process_time() - start


def equality(bodies: list[bytes]) -> dict[str, float]:
    """Return the share of feedparser's entries, in per cent, whose title, link and date are found equal."""
    entries = 0
    equal = {"title": 0, "link": 0, "date": 0}
    for body in bodies:
        theirs = feedparser.parse(io.BytesIO(body), response_headers={"content-location": _BASE_URL}).entries
        ours = parse_feed(body, base_url=_BASE_URL).entries
        entries += len(theirs)
        for own, other in zip(ours, theirs, strict=False):
            equal["title"] += _plain(own.title) == _plain(other.get("title", ""))
            equal["link"] += own.link == other.get("link", "")
            equal["date"] += own.published_at == _moment(other)
    return {name: 100.0 * count / max(1, entries) for name, count in equal.items()}


def _plain(title: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", title)).split())


def _moment(entry: Any) -> datetime | None:
    # dict.get: feedparser's own mapping answers one date with the other.
    parsed = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None


def encodings() -> tuple[int, int]:
    """Return how many of the feeds in other encodings are read as expected, and how many there are."""
    folder = FEEDS / "encodings"
    expected: dict[str, list[dict[str, str]]] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    right = 0
    for name, wanted in expected.items():
        entries = parsed_json(parse_feed((folder / name).read_bytes(), base_url=_BASE_URL))["entries"]
        right += [{key: entry[key] for key in wanted[0]} for entry in entries] == wanted
    return right, len(expected)


def run() -> list[Row]:
    """Measure everything; one row that says why where the feeds are absent."""
    if not FEEDS.exists():
        return [Row("feeds", "skipped: no ../shared/data/feeds beside the checkout")]
    bodies = documents()
    ratio = speed(bodies)
    shares = equality(bodies)
    right, all_encodings = encodings()
    return [
        at_least("feeds: speed against feedparser, one core", ratio, _SPEED_BAR, "x"),
        *(at_least(f"feeds: {name} equal to feedparser's", share, _EQUAL_BAR, "%") for name, share in shares.items()),
        at_least("feeds: encodings read as expected", right, all_encodings, f"of {all_encodings}"),
    ]


if __name__ == "__main__":
    print(table(run()))
