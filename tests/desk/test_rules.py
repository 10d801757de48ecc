"""The rules page: mistakes while typing, a text tried, the kept items tried."""

from __future__ import annotations

import re

from connectors.log import names
from desk.testing import Newsroom, ask
from pipelines.rules.load import default_rules_path

PAYLOAD = "<script>alert(1)</script>"


def tried(desk: str, **form: str) -> str:
    answer = ask(f"{desk}/rules/try", "POST", form)
    assert answer.status == 200
    return answer.text


def test_page_lists_the_rules_in_force(desk: str) -> None:
    answer = ask(f"{desk}/rules")
    assert answer.status == 200
    assert "russia-iran-contacts" in answer.text
    assert re.search(r"In force \(\d+\)", answer.text)


def test_mistake_is_shown_with_a_caret(desk: str) -> None:
    shown = tried(desk, query="country:RU AND (visit*")
    assert "line 1, column 16: this parenthesis is never closed" in shown
    assert "\n               ^\n" in shown


def test_sound_query_is_shown_as_it_is_read(desk: str) -> None:
    assert 'Reads as <code dir="auto">port NEAR/5 drone</code>' in tried(desk, query="Port w/5 drone")


def test_text_shows_the_words_that_matched(desk: str) -> None:
    shown = tried(desk, query="country:IR AND patrushev", title="Patrushev lands in Iran", text="Talks follow")
    assert "It matches this text." in shown
    assert "<mark>Patrushev</mark> lands in <mark>Iran</mark>" in shown


def test_text_that_is_missed_says_by_what(desk: str) -> None:
    shown = tried(desk, query="country:RU AND patrushev", title="Patrushev lands in Iran")
    assert "It does not match: no country:RU; it has country: IR" in shown
    assert "It would match if this were otherwise:" in shown


def test_text_is_explained_part_by_part_for_eyes_and_ears(desk: str) -> None:
    shown = tried(desk, query="(drone OR missil*) AND port NOT football", title="Missiles hit the port")
    assert 'class="holds"><span class="mark" aria-hidden="true">✓</span><span class="unseen">holds: </span>' in shown
    assert '<q dir="auto">Missiles</q> <small>title 0–8</small>' in shown
    assert 'class="fails"><span class="mark" aria-hidden="true">✗</span><span class="unseen">does not hold: ' in shown
    assert "<details>" not in shown
    missed = tried(desk, query="port NEAR/2 drone", title="Port hit by a large drone")
    assert "5 apart at the nearest" in missed


def test_many_alternatives_that_are_not_there_are_folded(desk: str) -> None:
    words = " OR ".join(f"harbour{number}" for number in range(900))
    shown = tried(desk, query=f"port OR {words}", title="The port")
    assert "900 alternatives that are not there</summary>" in shown
    assert shown.count("<li") == 3


def test_named_queries_of_the_files_can_be_tried(desk: str) -> None:
    named = re.search(r"^  ([\w.-]+):", _default_queries(), re.MULTILINE)
    assert named
    assert "Reads as" in tried(desk, query=f"@{named[1]} AND port")
    assert "@nothing" in tried(desk, query="@nothing AND port")


def _default_queries() -> str:
    return (default_rules_path() / "00-queries.yaml").read_text("utf-8")


def test_query_is_tried_on_the_kept_items(desk: str, newsroom: Newsroom) -> None:
    for number in range(450):
        newsroom.keep_item(number, f"Port {number} opens" if number % 3 == 0 else f"Harbour {number} opens")
    newsroom.client.xadd(names.ITEMS, {names.FIELD: b"broken"})
    shown = tried(desk, query="port", stream="1")
    assert "150 of 451 kept items." in shown
    assert "2022-11-08" in shown
    assert shown.count("<mark>Port</mark>") == 12


def test_what_was_typed_comes_out_as_text(desk: str, newsroom: Newsroom) -> None:
    newsroom.keep_item(1, PAYLOAD)
    for shown in (
        tried(desk, query=PAYLOAD, title=PAYLOAD, text=PAYLOAD, stream="1"),
        tried(desk, query=f"alert ({PAYLOAD}"),
        tried(desk, query="alert", title=PAYLOAD, stream="1"),
        ask(f"{desk}/rules?query={PAYLOAD}").text,
    ):
        assert "<script>alert" not in re.sub("</?mark>", "", shown)


def test_too_much_is_refused(desk: str) -> None:
    assert ask(f"{desk}/rules/try", "POST", {"query": "a", "text": "x" * 250_000}).status == 413
