"""Honest feeds of every format, and the small lies that honest publishers tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.feeds.faults import ParseFault
from connectors.feeds.parse import parse_feed
from connectors.feeds.parsed import ParsedEntry, ParsedFeed, parsed_json

_BASE = "https://news.example/feeds/all.xml"
_PLAIN = ParsedEntry(
    entry_id="id-1",
    link="https://news.example/a",
    title="Minister visits Minsk",
    summary="Talks go on.",
    content="",
    published_at=datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
)


def _parse(body: str | bytes, content_type: str = "") -> ParsedFeed:
    raw = body.encode() if isinstance(body, str) else body
    return parse_feed(raw, base_url=_BASE, content_type=content_type)


def _rss(items: str, channel: str = "") -> str:
    return f'<rss version="2.0"><channel><title>T</title>{channel}{items}</channel></rss>'


def _item(inner: str) -> ParsedEntry:
    (entry,) = _parse(_rss(f"<item>{inner}</item>")).entries
    return entry


RSS = _rss(
    "<item><guid isPermaLink='false'>id-1</guid><title>Minister visits Minsk</title><link>https://news.example/a</link>"
    "<description>Talks go on.</description><pubDate>Tue, 24 Nov 2026 04:30:00 +0300</pubDate></item>"
)
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://news.example/"><title>T</title></channel>
<item rdf:about="id-1"><title>Minister visits Minsk</title><link>https://news.example/a</link>
<dc:date>2026-11-24T04:30:00+03:00</dc:date><description>Talks go on.</description></item></rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>id-1</id>
<title>Minister visits Minsk</title><link href="https://news.example/a"/><summary>Talks go on.</summary>
<published>2026-11-24T01:30:00Z</published></entry></feed>"""
ATOM_03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>T</title><entry><id>id-1</id>
<title>Minister visits Minsk</title><link rel="alternate" type="text/html" href="https://news.example/a"/>
<summary type="text/html" mode="escaped">Talks go on.</summary><issued>2026-11-24T01:30:00Z</issued></entry></feed>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [{"id": "id-1",
"url": "https://news.example/a", "title": "Minister visits Minsk", "content_text": "Talks go on.",
"date_published": "2026-11-24T04:30:00+03:00"}]}"""


@pytest.mark.parametrize(
    ("document", "kind"), [(RSS, "rss"), (RDF, "rdf"), (ATOM, "atom"), (ATOM_03, "atom"), (JSON, "json")]
)
def test_every_format_gives_the_same_entry(document: str, kind: str) -> None:
    parsed = _parse(document)
    assert parsed.entries == (_PLAIN,)
    assert (parsed.feed.format, parsed.feed.title, parsed.faults) == (kind, "T", ())


def test_rss_091_with_its_doctype_and_named_entities_keeps_its_letters() -> None:
    parsed = _parse(
        '<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://dtd.example/rss-0.91.dtd">'
        '<rss version="0.91"><channel><title>T</title><item><title>Caf&eacute; &amp; bar</title></item></channel></rss>'
    )
    assert parsed.entries[0].title == "Café & bar"


def test_feed_says_how_often_it_changes_and_where_its_hub_is() -> None:
    parsed = _parse(
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
        "<channel><title>T &amp;amp; U</title><link>/home</link><language>fa-IR</language><ttl>30</ttl>"
        '<generator>G</generator><atom:link rel="hub" href="https://hub.example/"/>'
        '<atom:link rel="self" href="/f.xml"/>'
        "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"
        "<item><title>x</title></item></channel></rss>"
    )
    feed = parsed.feed
    assert (feed.title, feed.link, feed.language, feed.generator) == ("T & U", "https://news.example/home", "fa", "G")
    assert (feed.ttl_seconds, feed.update_period_seconds) == (1800, 1800)
    assert (feed.hubs, feed.self_link) == (("https://hub.example/",), "https://news.example/f.xml")
    assert parsed.entries[0].language == "fa"


def test_updated_stands_in_for_a_missing_publication_date_but_not_the_reverse() -> None:
    dated = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>x</title><{0}>2026-11-24T01:30:00Z</{0}></entry></feed>"
    (entry,) = _parse(dated.format("updated")).entries
    assert entry.published_at == entry.updated_at == _PLAIN.published_at
    (entry,) = _parse(dated.format("published")).entries
    assert (entry.published_at, entry.updated_at) == (_PLAIN.published_at, None)


@pytest.mark.parametrize(
    ("link", "resolved"),
    [
        ("/a/b", "https://news.example/a/b"),
        ("b", "https://news.example/feeds/b"),
        ("../b", "https://news.example/b"),
        ("/a/../b", "https://news.example/b"),
        ("//other.example/b", "https://other.example/b"),
        ("?id=1", "https://news.example/feeds/all.xml?id=1"),
        (" \n https://news.example/a \n", "https://news.example/a"),
        ("HTTP://news.example/a", "HTTP://news.example/a"),
    ],
)
def test_relative_link_is_resolved_against_the_feed_address(link: str, resolved: str) -> None:
    assert _item(f"<title>x</title><link>{link}</link>").link == resolved


def test_xml_base_wins_over_the_feed_address_in_links_and_in_html() -> None:
    (entry,) = _parse(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://base.example/x/"><entry><title>x</title>'
        '<link href="y"/><content type="html" xml:base="z/">&lt;a href="q"&gt;q&lt;/a&gt;</content></entry></feed>'
    ).entries
    assert entry.link == "https://base.example/x/y"
    assert 'href="https://base.example/x/z/q"' in entry.content


def test_without_an_address_the_sites_own_link_is_the_base() -> None:
    body = _rss("<item><title>x</title><link>/a</link></item>", "<link>https://site.example/</link>").encode()
    assert parse_feed(body, base_url="file.xml").entries[0].link == "https://site.example/a"


def test_addresses_inside_html_become_absolute() -> None:
    entry = _item("<description>&lt;p&gt;&lt;img src='/i.png'&gt;&lt;a href='b'&gt;x&lt;/a&gt;</description>")
    assert entry.summary.startswith('<p><img src="https://news.example/i.png"><a href="https://news.example/feeds/b"')


def test_feeds_own_id_is_kept_and_a_missing_one_is_the_link_then_a_hash() -> None:
    assert _item("<title>x</title><guid>g</guid><link>https://news.example/a</link>").entry_id == "g"
    assert _item("<title>x</title><link>https://news.example/a</link>").entry_id == "https://news.example/a"
    nameless = _item("<title>x</title><description>y</description>").entry_id
    assert nameless == _item("<title>x</title><description>y</description>").entry_id
    assert nameless != _item("<title>x</title><description>z</description>").entry_id


def test_permanent_guid_serves_as_link_and_so_does_an_atom_id() -> None:
    assert _item("<title>x</title><guid>https://news.example/p</guid>").link == "https://news.example/p"
    (entry,) = _parse(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>https://news.example/p</id><title>x</title></entry></feed>'
    ).entries
    assert entry.link == "https://news.example/p"


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("It&amp;#8217;s &amp;amp; was", "It’s & was"),
        ("A &lt;b&gt;bold&lt;/b&gt; claim", "A bold claim"),
        ("5 &lt; 6 and a &lt;b", "5 < 6 and a <b"),
        ("  two\n lines\t here ", "two lines here"),
        ("<![CDATA[Ünïcode &#x2014; dash]]>", "Ünïcode — dash"),
    ],
)
def test_title_is_plain_text_on_one_line(given: str, title: str) -> None:
    assert _item(f"<title>{given}</title>").title == title


def test_atom_title_of_type_text_keeps_what_looks_like_markup() -> None:
    (entry,) = _parse(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="text">The &lt;b tag</title></entry></feed>'
    ).entries
    assert entry.title == "The <b tag"


def test_xhtml_in_title_and_summary_is_read_whole() -> None:
    (entry,) = _parse(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry>'
        '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">One <b>two</b> three</div></title>'
        '<summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Four <i>five</i></div></summary>'
        "</entry></feed>"
    ).entries
    assert entry.title == "One two three"
    assert "Four <i>five</i>" in entry.summary


def test_unescaped_markup_inside_a_description_is_not_cut_off() -> None:
    assert _item("<title>a</title><description>one <i>two</i> three</description>").summary == "one <i>two</i> three"


def test_atom_link_before_the_plain_one_does_not_hide_it() -> None:
    parsed = _parse(
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><item><title>x</title>'
        '<atom:link rel="related" href="https://other.example/"/><link>https://news.example/a</link></item></channel></rss>'
    )
    assert parsed.entries[0].link == "https://news.example/a"


def test_other_vocabularies_title_does_not_replace_the_title() -> None:
    parsed = _parse(
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><item>'
        "<media:title>photo.jpg</media:title><title>Headline</title></item></channel></rss>"
    )
    assert parsed.entries[0].title == "Headline"


def test_content_stands_beside_a_summary_and_is_empty_where_it_repeats_it() -> None:
    encoded = '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">{}</content:encoded>'
    both = _item(f"<title>x</title><description>short</description>{encoded.format('long')}")
    assert (both.summary, both.content) == ("short", "long")
    same = _item(f"<title>x</title><description>same</description>{encoded.format('same')}")
    assert (same.summary, same.content) == ("same", "")


def test_authors_and_categories_are_plain_and_named_once() -> None:
    entry = _item("<title>x</title><author>A &amp;amp; B</author><category>war</category><category>war</category>")
    assert (entry.authors, entry.categories) == (("A & B",), ("war",))


def test_bare_ampersand_and_undeclared_entity_are_mended_and_counted() -> None:
    parsed = _parse(_rss("<item><title>Record & replay&nbsp;it</title></item>"))
    assert parsed.entries[0].title == "Record & replay\xa0it"
    assert parsed.faults == (ParseFault.MALFORMED,)


def test_junk_before_the_declaration_is_passed_over() -> None:
    parsed = _parse("Warning: mysql_connect() failed\n<?xml version='1.0'?>" + RSS)
    assert parsed.entries == (_PLAIN,)
    assert parsed.faults == (ParseFault.MALFORMED,)


def test_truncated_feed_keeps_the_entries_it_gave() -> None:
    whole = _rss("".join(f"<item><title>{n}</title><link>https://news.example/{n}</link></item>" for n in range(5)))
    parsed = _parse(whole[: whole.index("<title>4")])
    assert [entry.title for entry in parsed.entries[:4]] == ["0", "1", "2", "3"]
    assert ParseFault.MALFORMED in parsed.faults


def test_date_is_not_guessed_from_an_id() -> None:
    assert _item("<title>x</title><guid isPermaLink='false'>20240105</guid>").published_at is None


def test_json_shows_instants_in_utc_and_faults_by_name() -> None:
    shown = parsed_json(_parse(RSS.replace("https://news.example/a<", "javascript:x<")))
    assert shown["entries"][0]["published_at"] == "2026-11-24T01:30:00Z"
    assert (shown["entries"][0]["link"], shown["faults"]) == ("", ["unsafe_link"])
