"""Untrusted text on its way to the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from connectors.records import Evidence
from desk import labels, render
from desk.render import highlight
from desk.testing import make_report

NOW = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)


def _marked(text: str, *spans: tuple[int, int], field: str = "text") -> str:
    return str(highlight(text, [Evidence(field, start, end, text[start:end]) for start, end in spans], "text"))


def test_matched_words_are_marked_and_the_rest_escaped() -> None:
    assert _marked("<b>envoy</b> & co", (3, 8)) == "&lt;b&gt;<mark>envoy</mark>&lt;/b&gt; &amp; co"


def test_overlapping_and_touching_matches_become_one_mark() -> None:
    assert _marked("abcdef", (0, 3), (2, 4), (4, 5)) == "<mark>abcde</mark>f"


def test_offsets_outside_the_text_are_clipped() -> None:
    assert _marked("abc", (1, 99), (-5, 0), (7, 9)) == "a<mark>bc</mark>"


def test_matches_in_another_field_mark_nothing() -> None:
    assert _marked("abc", (0, 1), field="title") == "abc"


def test_offsets_are_code_points_beyond_the_basic_plane() -> None:
    assert _marked("😀 تهران", (2, 7)) == "😀 <mark>تهران</mark>"


def test_long_text_is_cut_to_what_stands_around_the_matches() -> None:
    words = " ".join(f"word{number}" for number in range(300))
    at = words.index("word150")
    shown = _marked(words, (at, at + 7))
    assert shown.startswith("… word")
    assert shown.endswith(" …")
    assert "<mark>word150</mark>" in shown
    assert "word1 " not in shown
    assert len(shown) < 400


@given(
    st.text(max_size=900),
    st.lists(st.tuples(st.integers(-5, 950), st.integers(-5, 950)), max_size=6),
)
def test_highlighting_shows_every_match_whole_and_lets_no_markup_through(
    text: str, spans: list[tuple[int, int]]
) -> None:
    shown = _marked(text, *spans)
    bare = shown.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    assert shown.count("<mark>") == shown.count("</mark>")
    for start, end in spans:
        if 0 <= start < end <= len(text):
            assert str(escape(render.plain(text[start:end]))) in bare


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "//host/path",
        "/path",
        "",
        "http://",
        "https:///x",
        " https://a.example/",
        "java\nscript:alert(1)",
        "https://a.example/\u202egpj.exe",
        "http://[bad",
        "ftp://a.example/",
    ],
)
def test_only_http_links_are_links(url: str) -> None:
    assert render.safe_link(url) == ""


@pytest.mark.parametrize("url", ["http://a.example", "https://a.example/путь?q=<1>#x", "https://[::1]:8/"])
def test_http_links_are_kept_as_they_are(url: str) -> None:
    assert render.safe_link(url) == url


def test_characters_that_reorder_the_page_are_taken_out_and_marks_that_scripts_need_stay() -> None:
    assert render.plain("a\u202eb\u2066c\u2069d\x00e\nf\u2028g") == "a b c d e f g"
    assert render.plain("می‌خواهد\u200f\u200e") == "می‌خواهد\u200f\u200e"


@pytest.mark.parametrize(
    ("seconds", "printed"),
    [
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (86400, "1 d"),
        (90000, "1 d 1 h"),
    ],
)
def test_spans_are_printed_in_their_two_largest_units(seconds: int, printed: str) -> None:
    assert render.span(timedelta(seconds=seconds)) == printed


def test_clock_names_the_day_where_it_is_not_today() -> None:
    assert render.clock(NOW, NOW) == "12:00"
    assert render.clock(NOW - timedelta(days=1), NOW) == "7 Nov 12:00"
    assert render.clock(NOW - timedelta(days=400), NOW) == "4 Oct 2021 12:00"
    assert render.clock(None, NOW) == "undated"


def test_language_codes_that_are_none_become_undetermined() -> None:
    assert render.language_code("pt-BR") == "pt-BR"
    assert render.language_code('en" onload="x') == "und"


@pytest.mark.parametrize(
    ("interest", "label", "kind"),
    [
        ("state:IR", "Iranian state", "state"),
        ("state:RU", "Russian state", "state"),
        ("state:XX", "XX state", "state"),
        ("private:cnn", "independent newsroom", "independent"),
        ("public:bbc", "independent public media", "independent"),
        ("group:houthi-movement", "group houthi movement", "actor"),
        ("unknown:x", "unlabelled", "unknown"),
        ("", "unlabelled", "unknown"),
    ],
)
def test_interests_are_named_for_people(interest: str, label: str, kind: str) -> None:
    assert (labels.interest_label(interest), labels.interest_kind(interest)) == (label, kind)


@pytest.mark.parametrize(
    ("state", "flags", "step"),
    [
        ("single-source", (), 1),
        ("party-confirmed", (), 2),
        ("independent", ("party-confirmed",), 3),
        ("denied", ("single-source",), 1),
        ("disputed", ("independent", "party-confirmed"), 3),
        ("retracted", (), 0),
    ],
)
def test_ladder_shows_how_far_up_a_story_is_beside_denials(state: str, flags: tuple[str, ...], step: int) -> None:
    assert labels.ladder_step(state, flags) == step


def test_card_shows_the_first_of_each_voice_before_more_of_the_same() -> None:
    voices = ["state:IR", "state:IR", "state:IR", "state:RU", "state:RU", "private:isw", "private:isw"]
    reports = [make_report(number, interest=voice) for number, voice in enumerate(voices)]
    reports[3] = make_report(3, interest="state:RU", copy_of="item0")
    assert [report.item_id for report in labels.telling(reports, 4)] == ["item0", "item1", "item4", "item5"]
    assert [report.item_id for report in labels.telling(reports, 2)] == ["item0", "item4"]
    assert labels.telling(reports, 99) == reports
    assert labels.telling([], 5) == []


def test_sparkline_stays_inside_its_box() -> None:
    points = [tuple(map(float, point.split(","))) for point in render.sparkline([0, 5, 10], 240, 40).split()]
    assert points == [(0.0, 39.0), (120.0, 20.5), (240.0, 2.0)]
    assert render.sparkline([1.0]) == ""
