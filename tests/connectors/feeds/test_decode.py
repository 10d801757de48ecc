"""Which claim about an encoding is believed."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from connectors.feeds.decode import to_utf8
from connectors.feeds.faults import ParseFault
from connectors.feeds.parse import parse_feed
from connectors.feeds.parsed import parsed_json

_TITLE = "Министр прибыл в Минск с рабочим визитом на переговоры о прекращении огня"
_ENCODINGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "feeds" / "encodings"


def _document(declared: str = "") -> str:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return f"{declaration}<rss><channel><item><title>{_TITLE}</title></item></channel></rss>"


@pytest.mark.parametrize(
    ("actual", "declared", "header", "faults"),
    [
        ("utf-8", "", "", ()),
        ("utf-8", "utf-8", "text/xml; charset=utf-8", ()),
        ("utf-8-sig", "windows-1251", "text/xml; charset=koi8-r", ()),
        ("koi8-r", "koi8-r", "", ()),
        ("koi8-r", "windows-1251", "text/xml; charset=koi8-r", ()),
        ("koi8-r", "", "text/xml; charset='KOI8-R'", ()),
        ("windows-1251", "windows-1251", "text/xml; charset=utf-8", (ParseFault.INVALID_ENCODING,)),
        ("utf-8", "windows-1251", "", (ParseFault.INVALID_ENCODING,)),
        ("utf-8", "utf-16", "", ()),
        ("utf-16", "utf-16", "", ()),
        ("utf-16-le", "utf-16", "", ()),
        ("utf-32-be", "utf-32", "", ()),
        ("windows-1251", "", "", (ParseFault.INVALID_ENCODING,)),
        ("windows-1251", "no-such-charset", "text/xml; charset=none", (ParseFault.INVALID_ENCODING,)),
    ],
)
def test_text_is_read_whatever_is_claimed(
    actual: str, declared: str, header: str, faults: tuple[ParseFault, ...]
) -> None:
    parsed = parse_feed(_document(declared).encode(actual), base_url="https://a.example/", content_type=header)
    assert [entry.title for entry in parsed.entries] == [_TITLE]
    assert parsed.faults == faults


def test_a_few_bad_bytes_do_not_change_the_encoding() -> None:
    body = _document("utf-8").replace("огня", "огн@").encode().replace(b"@", b"\xff")
    parsed = parse_feed(body, base_url="https://a.example/")
    assert parsed.entries[0].title == _TITLE.replace("огня", "огн�")
    assert parsed.faults == (ParseFault.INVALID_ENCODING,)


def test_utf_7_is_never_read_as_such() -> None:
    body = _document("utf-7").replace(_TITLE, "+ADw-script+AD4-").encode()
    assert parse_feed(body, base_url="https://a.example/").entries[0].title == "+ADw-script+AD4-"


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE])
def test_a_mark_alone_is_an_empty_document(mark: bytes) -> None:
    assert to_utf8(mark)[0] == b""
    assert parse_feed(mark, base_url="").faults == (ParseFault.EMPTY_BODY,)


@pytest.mark.shared
@pytest.mark.skipif(not _ENCODINGS.exists(), reason="no ../shared/data/feeds/encodings beside the checkout")
def test_feeds_in_twenty_encodings_are_read_as_expected() -> None:
    expected: dict[str, list[dict[str, str]]] = json.loads((_ENCODINGS / "expected.json").read_text(encoding="utf-8"))
    for name, wanted in expected.items():
        shown = parsed_json(parse_feed((_ENCODINGS / name).read_bytes(), base_url="https://news.example/"))
        assert [{key: entry[key] for key in wanted[0]} for entry in shown["entries"]] == wanted, name
        assert shown["faults"] == [], name
