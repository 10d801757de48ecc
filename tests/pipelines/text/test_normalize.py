"""Entries become items: readable text, one address, honest times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.keys import dedup_key, stable_id
from connectors.records import Entry
from pipelines.text.normalize import TEXT_LIMIT, clean, lead_of, normalize, plain_text, without_title

NOW = datetime(2022, 11, 8, 7, 0, tzinfo=UTC)


def entry(**changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "feed_id": "demo",
        "entry_id": "1",
        "link": "http://www.example.org/a/?utm_source=x#top",
        "title": "A title",
        "summary": "<p>A summary</p>",
        "content": "",
        "fetched_at": NOW,
    }
    return Entry(**(fields | changes))


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain words", "plain words"),
        ("two\n\nparagraphs\nof text", "two\n\nparagraphs of text"),
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("<p>One<br>two<br/>three</p>", "One\ntwo\nthree"),
        ("One<br><br>two", "One\n\ntwo"),
        ("<ul><li>a</li><li>b</li></ul>c", "a\n\nb\n\nc"),
        ("<b>in</b>line <a href='https://example.org/?a=1&amp;b=2'>link</a>s", "inline links"),
        ("AT&amp;T &lt;b&gt; &eacute;&nbsp;x", "AT&T <b> é x"),
        ("&amp;lt;", "&lt;"),
        ("a < b & c", "a < b & c"),
        ("<!-- hidden --><p>seen</p>", "seen"),
        ("<script>alert(1)</script><style>p{}</style>seen", "seen"),
        ('<a title="a > b">T</a>', "T"),
        ("<P>UP</P><BR>x", "UP\n\nx"),
        ("", ""),
        ("<p> </p>", ""),
        ("<div><div><p>deep</p></div></div>", "deep"),
    ],
)
def test_markup_becomes_readable_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@pytest.mark.parametrize(
    "hostile",
    [
        "<a " * 30_000,
        "<br" * 30_000,
        '="' * 30_000,
        "<!--" * 10_000,
        "<div>" * 30_000,
        "&#" * 50_000,
        "<" * 90_000,
        "<" + " " * 300_000 + "x",
    ],
)
def test_hostile_markup_is_read_in_bounded_time(hostile: str) -> None:
    # The test's own time limit is the assertion that matters; quadratic reading takes minutes.
    assert len(plain_text(hostile)) <= len(hostile)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("<>/&;pbr!-='\" \n#x")), max_size=300))
def test_any_string_becomes_clean_text(markup: str) -> None:
    text = plain_text(markup)
    assert text == text.strip()
    assert "  " not in text
    assert "\n\n\n" not in text
    assert clean(text) == text
    text.encode()


def test_controls_and_overrides_go_and_the_half_space_stays() -> None:
    assert plain_text("a\x00b\u202ec\u2067d\ud800e می\u200cروم") == "abcde می\u200cروم"


@pytest.mark.parametrize(
    ("title", "text", "rest"),
    [
        ("Big news", "Big news", ""),
        ("Big news!", "Big news", ""),
        ("Big news", "Big news. It happened.", "It happened."),
        ("Big news", "BIG NEWS\n\nIt happened.", "It happened."),
        ("Big news", "Big news of the day", "Big news of the day"),
        ("Big news", "Big newspapers", "Big newspapers"),
        ("", "Text", "Text"),
        ("Big news", "Other", "Other"),
    ],
)
def test_text_does_not_repeat_the_title(title: str, text: str, rest: str) -> None:
    assert without_title(title, text) == rest


def test_lead_is_cut_at_a_word_and_keeps_the_offsets_of_the_text() -> None:
    text = "one two\n\nthree four"
    assert lead_of(text, 15) == "one two  three"
    assert lead_of(text, 14) == "one two  three"
    assert lead_of(text, 13) == "one two"
    assert lead_of("short", 300) == "short"
    assert lead_of("x" * 400) == "x" * 300


@given(st.text(max_size=80), st.integers(min_value=1, max_value=90))
def test_lead_is_never_longer_than_asked(text: str, limit: int) -> None:
    assert len(lead_of(text, limit)) <= limit


def test_item_carries_identity_address_and_words() -> None:
    item = normalize(entry(content="<p>Full text.</p>"))
    link = "http://www.example.org/a/?utm_source=x#top"
    assert item.item_id == stable_id(dedup_key("demo", "1", link))
    assert (item.url, item.link) == ("https://example.org/a", link)
    assert (item.title, item.text, item.lead) == ("A title", "Full text.", "Full text.")
    assert item.fingerprint == normalize(entry(title="A TITLE!", content="full  text")).fingerprint
    assert item.fingerprint != normalize(entry(content="<p>Full texts.</p>")).fingerprint
    assert (item.language, item.entities, item.matches) == ("", (), ())


def test_summary_stands_in_for_missing_content() -> None:
    assert normalize(entry()).text == "A summary"


def test_entry_without_link_is_named_by_feed_and_id() -> None:
    item = normalize(entry(link=""))
    assert item.url == ""
    assert item.item_id == stable_id("demo 1")


def test_title_is_one_clean_line() -> None:
    assert normalize(entry(title=" A\u202e title\n&amp; more ")).title == "A title & more"


def test_undated_entry_happened_when_it_was_fetched() -> None:
    item = normalize(entry())
    assert (item.published_at, item.event_at, item.time_flags) == (None, NOW, ("undated",))


def test_past_date_is_the_event_time() -> None:
    item = normalize(entry(published_at=NOW - timedelta(hours=3)))
    assert (item.event_at, item.time_flags) == (NOW - timedelta(hours=3), ())


def test_a_clock_slightly_ahead_is_no_future() -> None:
    item = normalize(entry(published_at=NOW + timedelta(minutes=10)))
    assert (item.event_at, item.time_flags) == (NOW, ())


def test_future_date_is_marked_and_capped_at_fetching() -> None:
    item = normalize(entry(published_at=NOW + timedelta(minutes=11)))
    assert (item.event_at, item.time_flags) == (NOW, ("future",))
    assert item.published_at == NOW + timedelta(minutes=11)


def test_endless_text_is_read_to_its_limit() -> None:
    item = normalize(entry(content="word " * 100_000))
    assert TEXT_LIMIT - 10 < len(item.text) <= TEXT_LIMIT
    assert item.is_cut
    assert item.text.endswith("word")
