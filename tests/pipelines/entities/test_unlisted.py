"""Names that a model marked and no list has: which are taken, and where they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.entities.unlisted import Marked, unlisted
from pipelines.model import Entity

TEXT = "Olmar Vantry’s envoy met the Nimbrod Group in Tehran on Tuesday."


def marked(name: str, label: str = "PERSON", text: str = TEXT) -> Marked:
    start = text.index(name)
    return Marked(start, start + len(name), label)


def test_name_that_no_list_has_is_an_unlinked_entity() -> None:
    [found] = unlisted(TEXT, [], [marked("Olmar Vantry")])
    assert found == Entity("unlinked:olmar-vantry", "person", "text", 0, 12, "Olmar Vantry", 0.0, flags=("unlinked",))


@pytest.mark.parametrize(
    ("label", "kind"), [("PER", "person"), ("GPE", "place"), ("LOC", "place"), ("FAC", "place"), ("ORG", "org")]
)
def test_labels_of_all_schemes_become_three_kinds(label: str, kind: str) -> None:
    [found] = unlisted(TEXT, [], [marked("Olmar Vantry", label)])
    assert found.kind == kind


@pytest.mark.parametrize("label", ["DATE", "NORP", "MISC", "person", ""])
def test_dates_nationalities_and_works_are_left_out(label: str) -> None:
    assert unlisted(TEXT, [], [marked("Tuesday", label)]) == ()


def test_what_touches_a_listed_name_is_left_to_the_lists() -> None:
    place = marked("Tehran", "GPE")
    assert unlisted(TEXT, [(place.start, place.end)], [place]) == ()
    assert unlisted(TEXT, [(place.start + 2, place.start + 3)], [place]) == ()
    assert unlisted(TEXT, [(place.end, place.end + 3)], [place]) != ()


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        (TEXT, "the Nimbrod Group", "Nimbrod Group"),
        (TEXT, "Olmar Vantry’s", "Olmar Vantry"),
        ("He met «Ольмар Вантри».", "«Ольмар Вантри».", "Ольмар Вантри"),
        ("नरेन्द्र मोदी।", "नरेन्द्र मोदी।", "नरेन्द्र मोदी"),
        ("王毅说", "王毅", "王毅"),
        ("Boys s", "Boys s", "Boys s"),
    ],
)
def test_name_stands_without_article_possessive_and_quotes(text: str, name: str, found: str) -> None:
    [entity] = unlisted(text, [], [marked(name, "ORG", text)])
    assert entity.text == found == text[entity.start : entity.end]


@pytest.mark.parametrize("text", ["-", "7", "2023", "X", "\u200c", "the"])
def test_what_is_no_name_is_left_out(text: str) -> None:
    assert [one.text for one in unlisted(text, [], [Marked(0, len(text), "ORG")])] == (["the"] if text == "the" else [])


def test_one_spelling_has_one_id_whatever_its_case_and_accents() -> None:
    ids = {unlisted(text, [], [Marked(0, len(text), "PER")])[0].id for text in ("José Vantry", "JOSE VANTRY")}
    assert ids == {"unlinked:jose-vantry"}


RANGES = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda pair: (pair[0], sum(pair)))


@given(
    text=st.text("ab É'’s the«»-1中نß", max_size=40),
    listed=st.lists(RANGES, max_size=4),
    spans=st.lists(st.tuples(RANGES, st.sampled_from(["PER", "ORG", "GPE", "DATE"])), max_size=6),
)
def test_names_stand_in_the_text_and_overlap_nothing(
    text: str, listed: list[tuple[int, int]], spans: list[tuple[tuple[int, int], str]]
) -> None:
    found = unlisted(text, listed, [Marked(*span, label) for span, label in spans], "title")
    taken = set().union(*(range(*each) for each in listed))
    for entity in found:
        assert 0 <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end] == entity.text
        assert entity.field == "title"
        assert taken.isdisjoint(range(entity.start, entity.end))
        taken |= set(range(entity.start, entity.end))
        assert any(start <= entity.start and entity.end <= end for (start, end), _ in spans)
    assert [one.start for one in found] == sorted(one.start for one in found)


@given(text=st.text("ab cd", min_size=2, max_size=30), places=st.lists(st.integers(0, 30), min_size=2, max_size=8))
def test_no_name_is_lost_that_overlaps_nothing(text: str, places: list[int]) -> None:
    edges = sorted(set(places))
    spans = [Marked(start, end, "PER") for start, end in zip(edges[::2], edges[1::2], strict=False)]
    found = unlisted(text, [], spans)
    named = [span for span in spans if len(text[span.start : span.end].replace(" ", "")) >= 2]
    assert len(found) == len(named)
