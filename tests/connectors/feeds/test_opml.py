"""OPML in and out, and XML that nobody means well with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SettingsError
from connectors.feeds.catalogue import default_catalogue, load_catalogue
from connectors.feeds.feed import Feed, Tier, completed
from connectors.feeds.opml import read_opml, write_opml

GIVEN = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.1">
  <head><title>mine</title></head>
  <body>
    <outline text="News">
      <outline text="World &amp; more" title="World &amp; more" xmlUrl=" https://a.example/rss?a=1&amp;b=2 "/>
      <outline text="Мир" xmlUrl="https://b.example/rss" htmlUrl="https://b.example/" language="ru"/>
    </outline>
    <outline text="Also there">
      <outline text="World again" xmlurl="https://a.example/rss?a=1&amp;b=2"/>
      <outline text="World &amp; more" xmlUrl="https://c.example/rss"/>
    </outline>
  </body>
</opml>""".encode()


def test_outlines_with_an_address_are_feeds() -> None:
    feeds = read_opml(GIVEN, "mine.opml")
    assert [(feed.title, feed.url, feed.language) for feed in feeds] == [
        ("World & more", "https://a.example/rss?a=1&b=2", ""),
        ("Мир", "https://b.example/rss", "ru"),
        ("World & more", "https://c.example/rss", ""),
    ]
    assert feeds[0].id == "world-more"
    assert len({feed.id for feed in feeds}) == 3
    assert [feed.id for feed in read_opml(GIVEN, "mine.opml")] == [feed.id for feed in feeds]


def test_default_catalogue_goes_through_opml_unchanged() -> None:
    feeds = default_catalogue()
    assert read_opml(write_opml(feeds), "x.opml") == feeds


@given(st.text(), st.text(max_size=5), st.sampled_from(Tier))
def test_any_title_goes_out_as_readable_xml(title: str, basis: str, tier: Tier) -> None:
    feed = completed(Feed("a", "https://a.example/?q=<&'\"", title, basis=basis, tier=tier))
    assert [found.url for found in read_opml(write_opml([feed]), "x.opml")] == [feed.url]


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        (b"<opml>\n<body>\n<outline xmlUrl='https://a.example/'>\n</body></opml>", 4, "no valid XML"),
        (b"", 1, "no valid XML"),
        (b"<rss/>", 1, "expected the root element opml"),
        (b"<!DOCTYPE opml [<!ENTITY a 'b'>]>\n<opml>&a;</opml>", 1, "document type"),
        (b"<!DOCTYPE opml SYSTEM 'file:///etc/passwd'>\n<opml/>", 1, "document type"),
        (b"<opml>" + b"<outline>" * 200_000, 1, "levels"),
        (b"<opml>\n<outline xmlUrl='javascript:alert(1)'/></opml>", 2, "expected an http or https URL"),
        (b"<?xml version='1.0' encoding='nonesuch'?><opml/>", 1, "encoding"),
    ],
)
def test_fault_is_named_with_its_line(raw: bytes, line: int, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_opml(raw, "mine.opml")
    (fault,) = caught.value.faults
    assert (fault.path, fault.line) == ("mine.opml", line)
    assert said in fault.message


def test_opml_file_may_stand_in_the_list_of_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.opml"
    path.write_bytes(GIVEN)
    assert len(load_catalogue([path])) == 3
