"""What may be stored of a piece of HTML."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds.faults import ParseFault
from connectors.feeds.sanitize import TITLE_CHARS, escaped, plain_line, safe_html
from tools.feedparser_suite import unsafe_parts

_BASE = "https://news.example/a/"
_PIECES = st.sampled_from(
    """
    <script> </script> <p> </p> <b> <a|href="javascript:x"> <a|href=/x> <img|src=x|onerror=y> <svg|onload=x> </svg>
    <!-- --> <![CDATA[ ]]> <style> </style> <math> <mtext> <table> <tr> </table> <form> <iframe|src=//x> &lt; &#60;
    < > " ' = words javascript: <noscript> <template> <title> <textarea> <xmp> <plaintext> <select> <br/> <li> \0 é
    <scr ipt> <im g| <a|style="x:expression(y)"> <a|href="&#106;avascript:x"> <meta|http-equiv=refresh> <base|href=//x>
    """.split()
).map(lambda piece: piece.replace("|", " "))


def _safe(source: str) -> str:
    return safe_html(source, _BASE, [])


@pytest.mark.parametrize(
    ("source", "safe"),
    [
        ("plain > text", "plain > text"),
        ("fish &amp; chips &nbsp;", "fish &amp; chips &nbsp;"),
        ("<p>one<script>alert(1)</script></p>", "<p>one</p>"),
        ("<p onclick='x()' style='color:red' class=c id=i>one</p>", "<p>one</p>"),
        ("<a href='javascript:x'>y</a>", '<a rel="noopener noreferrer">y</a>'),
        ("<a href=' jAva&#10;script:x'>y</a>", '<a rel="noopener noreferrer">y</a>'),
        ("<a href='../b'>y</a>", '<a href="https://news.example/b" rel="noopener noreferrer">y</a>'),
        ("<img src='data:image/svg+xml,x'>", "<img>"),
        ("<img src='//cdn.example/i.png' onerror=x>", '<img src="https://cdn.example/i.png">'),
        ("<iframe src='https://x.example'></iframe>text", "text"),
        ("<!-- secret -->text", "text"),
        ("<b>not closed", "<b>not closed</b>"),
        ("<p dir='rtl' lang='fa'>x</p>", '<p dir="rtl" lang="fa">x</p>'),
    ],
)
def test_html_is_reduced_to_what_is_safe(source: str, safe: str) -> None:
    assert _safe(source) == safe


def test_relative_address_without_a_base_is_dropped() -> None:
    assert safe_html("<a href='/x'>y</a>", "", []) == '<a rel="noopener noreferrer">y</a>'


def test_long_article_keeps_all_its_words_and_the_markup_of_its_beginning() -> None:
    paragraphs = [f"<p>Paragraph {n} with a <a href='/{n}'>li</a>nk &amp; <b>more</b>.</p>" for n in range(400)]
    source = "".join(paragraphs) + "<script>not(words)</script><!-- nor this --><style>p{}</style>5 < 6"
    safe = _safe(source)
    assert unsafe_parts(safe) == []
    assert safe.startswith('<p>Paragraph 0 with a <a href="https://news.example/0"')
    assert "Paragraph 398 with a link &amp; more.<br>Paragraph 399" in safe
    assert "words" not in safe
    assert "nor this" not in safe
    assert "p{}" not in safe
    assert safe.endswith("5 &lt; 6")


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        ("one</p>\n<p>two</p>", "one<br>\ntwo<br>"),
        ("one<br/>two<hr />three<BR>four", "one<br>two<br>threefour"),
        ("one<!-- a > b --><b>two</b>", "one<br>two"),
        ("one<!-- a <b>two", "one<br>"),
        ("one<!-- two", "one<br>"),
        ("one<script>two > 1</script >three", "one<br>three"),
        ("one<style>two > 1; three", "one<br>"),
        ("one<svg", "one<br>"),
        ("one<scripts>two", "onetwo"),
        ("1 < 2", "1 &lt; 2"),
        ("<<a<!", "&lt;&lt;a&lt;!"),
        (" \xa0one &lt;b&gt;\n", " \xa0one &lt;b&gt;"),
        ("\n two", " two"),
    ],
)
def test_tail_of_a_long_article_is_its_words(tail: str, words: str) -> None:
    head = "<p>" + "x" * 700 + "</p>"
    assert _safe(head + tail) == head + words


@pytest.mark.parametrize("piece", ["<", "<!-", "<a ", "<script", "<!--", "</p", "<script></script", "<>"])
def test_tail_is_read_in_one_go_whatever_is_left_open_in_it(piece: str) -> None:
    start = time.process_time()
    _safe("<p>" + "x" * 2_000 + "</p>" + piece * 40_000)
    assert time.process_time() - start < 2


def test_text_past_the_cap_is_cut_with_a_fault() -> None:
    faults: list[ParseFault] = []
    assert len(safe_html("<p>" + "word " * 200_000, _BASE, faults)) < 500_000
    assert faults == [ParseFault.TEXT_CUT]


def test_elements_that_multiply_are_flattened_to_words() -> None:
    faults: list[ParseFault] = []
    source = "<p>" + "".join(f"<b lang={n}>" for n in range(35)) + "<p>word" * 60 + "</p>"
    assert safe_html(source, _BASE, faults) == "word" * 60 + "<br>"
    assert faults == [ParseFault.TOO_DEEP]


@pytest.mark.parametrize("tag", ["div", "b", "p", "table", "unknown", "svg"])
def test_deep_nesting_costs_neither_time_nor_safety(tag: str) -> None:
    assert unsafe_parts(_safe(f"<{tag}>" * 100_000 + "words")) == []


@given(st.lists(_PIECES | st.text(max_size=5), max_size=60).map("".join))
def test_nothing_unsafe_passes_whatever_is_put_together(source: str) -> None:
    assert unsafe_parts(_safe(source)) == []


@given(st.lists(_PIECES | st.text(max_size=5), max_size=30).map("".join), st.sampled_from(["<p>", "<br>", "word "]))
def test_nothing_unsafe_passes_in_the_tail_of_a_long_article(source: str, filler: str) -> None:
    assert unsafe_parts(_safe(filler * 300 + "x" * 900 + source)) == []


@given(st.lists(_PIECES | st.text(max_size=5), max_size=40).map("".join), st.booleans())
def test_title_is_one_short_line_without_active_tags(source: str, is_html: bool) -> None:
    title = plain_line(source, is_html=is_html, faults=[])
    assert title == title.strip()
    assert title.splitlines() in ([], [title])
    assert len(title) <= TITLE_CHARS
    assert "<script" not in title.lower()
    assert "<img" not in title.lower()


@given(st.text())
def test_escaped_text_holds_no_tag_but_line_breaks(text: str) -> None:
    assert "<" not in escaped(text).replace("<br>", "")
