"""Documents made to hurt: each ends in a named fault, within its time, and nothing is fetched or opened."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.feeds.faults import ParseFault
from connectors.feeds.parse import MAX_BODY_BYTES, MAX_ENTRIES, parse_feed
from connectors.feeds.parsed import ParsedFeed
from tools.feedparser_suite import unsafe_in

_JSON_FEED = "https://jsonfeed.org/version/1.1"
# Far above what any of these takes, far below what the attack would.
_CAP_SECONDS = 20.0


def _parse(body: str | bytes) -> ParsedFeed:
    raw = body.encode() if isinstance(body, str) else body
    start = time.perf_counter()
    parsed = parse_feed(raw, base_url="https://news.example/f", now=datetime(2026, 11, 24, tzinfo=UTC))
    assert time.perf_counter() - start < _CAP_SECONDS
    assert unsafe_in(parsed) == []
    return parsed


def _rss(inner: str, prolog: str = "") -> str:
    return f"{prolog}<rss version='2.0'><channel><title>T</title>{inner}</channel></rss>"


def _item(inner: str) -> str:
    return _rss(f"<item>{inner}</item>")


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
_SCRIPT = "&lt;script&gt;alert(1)&lt;/script&gt;<![CDATA[<img src=x onerror=alert(1)><svg onload=alert(1)>]]>"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("", ParseFault.EMPTY_BODY),
        (" \r\n\t ", ParseFault.EMPTY_BODY),
        ("<!DOCTYPE html><html><title>Just a moment...</title></html>", ParseFault.NOT_A_FEED_HTML),
        ("\n<!-- x --><HTML lang='en'><body><script>captcha()</script></body></HTML>", ParseFault.NOT_A_FEED_HTML),
        ("Access denied", ParseFault.NOT_A_FEED),
        ('{"error": "rate limited"}', ParseFault.NOT_A_FEED),
        ("[1, 2, 3]", ParseFault.NOT_A_FEED),
        ("<opml version='1.0'><head/><body/></opml>", ParseFault.NOT_A_FEED),
        ("<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url/></urlset>", ParseFault.NOT_A_FEED),
        ('{"version": "https://jsonfeed.org/version/1", "items": [{', ParseFault.UNPARSEABLE),
        ("<a><b></a>", ParseFault.UNPARSEABLE),
        ("[" * 200_000, ParseFault.TOO_DEEP),
        (f'{{"version": "{_JSON_FEED}", "items": {"[" * 100_000}{"]" * 100_000}}}', ParseFault.TOO_DEEP),
        (_rss("<a>" * 200_000), ParseFault.TOO_DEEP),
        (
            _item("<title>x</title><description>" + "<a>" * 200_000 + "</a>" * 200_000 + "</description>"),
            ParseFault.TOO_DEEP,
        ),
        (b"x" * (MAX_BODY_BYTES + 1), ParseFault.TOO_LARGE),
    ],
)
def test_what_is_no_feed_is_named(body: str | bytes, fault: ParseFault) -> None:
    parsed = _parse(body)
    assert fault in parsed.faults
    assert len(parsed.entries) <= 1


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (_item("<title>a\0b</title>"), ParseFault.NUL_BYTES),
        (_item("<title>a\x01b</title>"), ParseFault.MALFORMED),
        (_item("<title>a@b</title>").encode().replace(b"@", b"\xff\xfe"), ParseFault.INVALID_ENCODING),
        (_item("<title>x</title><pubDate>Mon, 01 Jan 0000 00:00:00 GMT</pubDate>"), ParseFault.BAD_DATE),
        (_item("<title>x</title><pubDate>Fri, 31 Dec 9999 23:59:59 GMT</pubDate>"), ParseFault.BAD_DATE),
        (_item("<title>x</title><pubDate>Fri, 31 Dec 9999 23:59:59 -1200</pubDate>"), ParseFault.BAD_DATE),
        (_item("<title>x</title><pubDate>0001-01-01T00:00:00Z</pubDate>"), ParseFault.BAD_DATE),
        (_item("<title>x</title><pubDate>2060-01-01T00:00:00Z</pubDate>"), ParseFault.BAD_DATE),
        (_item("<title>x</title><pubDate>yesterday, I think</pubDate>"), ParseFault.BAD_DATE),
        (_item("<title>x</title><link>javascript:alert(1)</link>"), ParseFault.UNSAFE_LINK),
        (_item("<title>x</title><link> JaVa\nScript:alert(1)</link>"), ParseFault.UNSAFE_LINK),
        (_item("<title>x</title><link>data:text/html,x</link>"), ParseFault.UNSAFE_LINK),
        (_item("<title>x</title><link>vbscript:x</link>"), ParseFault.UNSAFE_LINK),
        (_item("<title>x</title><link>file:///etc/passwd</link>"), ParseFault.UNSAFE_LINK),
        (_item("<title>" + "x" * 2_000_000 + "</title>"), ParseFault.TEXT_CUT),
        (_item("<title>x</title><description>" + "&lt;p&gt;word " * 100_000 + "</description>"), ParseFault.TEXT_CUT),
    ],
)
def test_one_bad_field_costs_the_field_and_keeps_the_entry(body: str | bytes, fault: ParseFault) -> None:
    parsed = _parse(body)
    assert parsed.faults == (fault,)
    (entry,) = parsed.entries
    assert entry.title
    assert (entry.published_at, entry.link) == (None, "")


def test_billion_laughs_are_refused_and_the_entry_is_kept() -> None:
    prolog = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{_LAUGHS}]>'
    parsed = _parse(_rss('<item><title x="&l11;">Headline &l11;</title></item>', prolog))
    assert ParseFault.ENTITIES_REFUSED in parsed.faults
    assert parsed.entries[0].title.startswith("Headline")
    assert len(parsed.entries[0].title) < 40


@pytest.fixture
def listener() -> Iterator[tuple[int, Callable[[], bool]]]:
    """A port that nobody may call, and a question whether somebody did."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)

        def was_called() -> bool:
            try:
                server.accept()[0].close()
            except TimeoutError:
                return False
            return True

        yield server.getsockname()[1], was_called


def test_external_entities_and_doctypes_are_neither_opened_nor_fetched(
    tmp_path: Path, listener: tuple[int, Callable[[], bool]]
) -> None:
    port, was_called = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret")
    declared = f'<!ENTITY a SYSTEM "{secret.as_uri()}"><!ENTITY b SYSTEM "http://127.0.0.1:{port}/b">'
    remote = f"http://127.0.0.1:{port}/d.dtd"
    for doctype in (
        f"<!DOCTYPE rss [{declared}]>",
        f'<!DOCTYPE rss [{declared}<!ENTITY % p SYSTEM "{remote}"> %p;]>',
        f'<!DOCTYPE rss SYSTEM "{remote}">',
        f"<!doctype rss SYSTEM '{secret.as_uri()}' [{declared}]>",
    ):
        # The broken tail sends it through every reader there is.
        for tail in ("", "<item><title>&a; <x>"):
            parsed = _parse(_rss(f"<item><title>&a;&b; end</title></item>{tail}", doctype))
            assert "the-secret" not in repr(parsed)
            assert parsed.entries
    assert not was_called()


def test_script_in_every_field_reaches_none() -> None:
    tags = "title link guid author category pubDate description comments"
    fields = "".join(f"<{tag}>{_SCRIPT}</{tag}>" for tag in tags.split())
    encoded = f'<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">{_SCRIPT}</content:encoded>'
    channel = f"<title>{_SCRIPT}</title><link>{_SCRIPT}</link><generator>{_SCRIPT}</generator>"
    parsed = _parse(f"<rss version='2.0'><channel>{channel}<item>{fields}{encoded}</item></channel></rss>")
    for text in ("script", "onerror", "alert", "svg"):
        assert text not in repr(parsed)
    assert ParseFault.UNSAFE_LINK in parsed.faults


def test_script_in_every_json_field_reaches_none() -> None:
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    item: dict[str, object] = dict.fromkeys(
        ("id", "url", "title", "content_html", "date_published", "language"), script
    )
    parsed = _parse(json.dumps({"version": _JSON_FEED, "title": script, "items": [item | {"tags": [script]}]}))
    for text in ("script", "onerror", "alert"):
        assert text not in repr(parsed)


def test_json_members_of_wrong_types_and_lone_surrogates_are_survived() -> None:
    body = (
        f'{{"version": "{_JSON_FEED}", "title": 7, "hubs": 3, "items": [{{"id": 1, "title": "a\\ud800b", "tags": 5,'
        ' "authors": {}, "url": ["x"], "date_published": {}}, 7, null, {"id": "2", "title": "ok"}]}'
    )
    parsed = _parse(body)
    assert [(entry.entry_id, entry.title) for entry in parsed.entries] == [("1", "a?b"), ("2", "ok")]
    assert parsed.faults == (ParseFault.MALFORMED,)


@pytest.mark.parametrize("is_oldest_first", [False, True])
def test_of_a_hundred_thousand_entries_the_newest_are_kept(is_oldest_first: bool) -> None:
    days = [f"2026-{month:02}-{day:02}T00:00:00Z" for month in (2, 1) for day in (20, 10)]
    items = [f"<item><title>{n}</title><pubDate>{days[n // 25_000]}</pubDate></item>" for n in range(100_000)]
    parsed = _parse(_rss("".join(reversed(items) if is_oldest_first else items)))
    assert parsed.faults == (ParseFault.TOO_MANY_ENTRIES,)
    assert len(parsed.entries) == MAX_ENTRIES
    assert {int(entry.title) for entry in parsed.entries} == set(range(MAX_ENTRIES))


def test_of_a_hundred_thousand_json_entries_the_first_are_kept() -> None:
    items = [{"id": str(n), "title": "t", "content_text": "x"} for n in range(100_000)]
    parsed = _parse(json.dumps({"version": _JSON_FEED, "items": items}))
    assert parsed.faults == (ParseFault.TOO_MANY_ENTRIES,)
    assert len(parsed.entries) == MAX_ENTRIES


@pytest.mark.parametrize(
    "body",
    [
        b"<rss><channel><item><title>&x;" + b"<![CDATA[" * 300_000 + b"</title></item></channel></rss>",
        b"<rss><channel><item><title>&x;" + b"<!--" * 300_000 + b"</title></item></channel></rss>",
        b"<rss><channel><item><title>" + b"&" * 500_000 + b"</title></item></channel></rss>",
        b"<!DOCTYPE rss [" + b'<!ENTITY a "b">' * 100_000 + b"]><rss><channel><item/></channel></rss>",
        b"<!DOCTYPE rss [" * 100_000,
        b" " * 5_000_000 + b"<rss>",
        b"<?xml " + b" " * 2_000_000 + b'encoding="x"',
        b"<!--" * 2_000 + b"<?" * 2_000,
        bytes(range(256)) * 1_000,
        *(
            _item(f"<title>x</title><description>{unit * 300_000}</description>").encode()
            for unit in ("&lt;", "&lt;a ", "&lt;script ", "&lt;!--", "&lt;div&gt;", "&lt;b a=1&gt;&lt;p&gt;", "&amp;")
        ),
        *(
            _item(f"<title>{unit * 300_000}</title>").encode()
            for unit in ("&lt;a ", "&lt;script ", "&amp;amp;", "&lt;/")
        ),
    ],
)
def test_text_that_makes_careless_readers_quadratic_is_read_in_time(body: bytes) -> None:
    _parse(body)
