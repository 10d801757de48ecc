"""What the store remembers of an item comes back as it was, in few characters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.codec import UnreadableRecordError
from connectors.keys import stable_id
from connectors.records import Entry
from pipelines.memory import (
    guid_value,
    place_value,
    read_guid,
    read_place,
    read_seen,
    read_words,
    seen_value,
    title_marks,
    words_value,
)
from pipelines.model import Item, Outcome, Place
from pipelines.text.normalize import normalize

ids = st.text(min_size=1).map(stable_id)
names = st.from_regex(r"\w[\w.-]{0,20}", fullmatch=True)
raised = st.builds("{}.{}".format, ids, st.integers(1, 99))
AT = datetime(2022, 11, 8, tzinfo=UTC)


def item(title: str) -> Item:
    return normalize(Entry("feed", "1", "https://a.example/1", title, "", "", AT))


@given(
    st.builds(
        Place, ids, st.sampled_from(Outcome), st.just("") | ids, st.lists(names).map(tuple), st.lists(raised).map(tuple)
    )
)
def test_place_comes_back(place: Place) -> None:
    assert read_place(place_value(place).encode()) == place


def test_place_of_another_version_is_no_place() -> None:
    for raw in (b'{"story_id":"s","outcome":"kept"}', b"s", b"", b"\xff\x1fkept"):
        with pytest.raises(UnreadableRecordError):
            read_place(raw)


@given(st.text(max_size=200))
def test_guid_keeps_what_tells_titles_apart(title: str) -> None:
    made = item(title)
    assert read_guid(guid_value(made)) == (made.item_id, title_marks(made.title))


def test_words_and_seen_come_back() -> None:
    made = item("Patrushev lands in Tehran")
    assert read_words(words_value(made, "nour-news")) == (made.item_id, "nour-news")
    assert read_seen(seen_value(made.fingerprint, "dropped:language")) == (made.fingerprint, "dropped:language")


def test_an_item_takes_few_characters() -> None:
    made = item("Secretary of the Security Council lands in Tehran")
    place = Place(stable_id("story"), Outcome.KEPT, "", ())
    values = (
        place_value(place),
        guid_value(made),
        words_value(made, "nour-news"),
        seen_value(made.fingerprint, "kept"),
    )
    assert sum(map(len, values)) < 150
