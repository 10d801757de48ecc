"""Sighting, edit, copy or news: what an item repeats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pipelines.memory import title_marks
from pipelines.model import Item, Outcome, Place
from pipelines.stories.repeats import Known, repeat_of

NOW = datetime(2022, 11, 8, 9, 0, tzinfo=UTC)
ITEM = Item(
    item_id="page",
    entry_id="guid",
    feed_id="feed",
    url="",
    link="",
    title="Patrushev lands in Tehran for talks",
    lead="",
    text="The secretary of the Security Council arrived on Tuesday.",
    language="en",
    published_at=NOW,
    fetched_at=NOW,
    event_at=NOW,
    time_flags=(),
    fingerprint="words",
)
PLACE = Place("story", Outcome.KEPT, "", ())


def test_unknown_item_is_news() -> None:
    repeat = repeat_of(ITEM, "outlet", Known())
    assert (repeat.outcome, repeat.story_id, repeat.copy_of) == (Outcome.KEPT, "", "")


def test_same_page_with_new_words_is_an_edit_in_its_story() -> None:
    repeat = repeat_of(replace(ITEM, is_edit=True), "outlet", Known(place=PLACE))
    assert (repeat.outcome, repeat.story_id, repeat.is_edit) == (Outcome.UPDATED, "story", True)


def test_same_words_from_the_same_outlet_are_another_sighting() -> None:
    repeat = repeat_of(ITEM, "outlet", Known(words_item_id="first", words_source="outlet", words_place=PLACE))
    assert (repeat.outcome, repeat.story_id) == (Outcome.SEEN, "story")


def test_same_words_from_another_outlet_are_a_copy() -> None:
    repeat = repeat_of(ITEM, "outlet", Known(words_item_id="first", words_source="wire", words_place=PLACE))
    assert (repeat.outcome, repeat.story_id, repeat.copy_of) == (Outcome.KEPT, "story", "first")


def test_copy_of_a_copy_names_the_first() -> None:
    place = replace(PLACE, copy_of="original")
    repeat = repeat_of(ITEM, "outlet", Known(words_item_id="copy", words_source="wire", words_place=place))
    assert repeat.copy_of == "original"


def test_few_words_are_equal_by_chance() -> None:
    short = replace(ITEM, title="Live updates", text="")
    repeat = repeat_of(short, "outlet", Known(words_item_id="first", words_source="wire", words_place=PLACE))
    assert (repeat.outcome, repeat.copy_of) == (Outcome.KEPT, "")


def test_long_text_without_spaces_is_telling() -> None:
    chinese = replace(ITEM, title="俄罗斯联邦安全会议秘书帕特鲁舍夫抵达德黑兰举行会谈", text="")
    repeat = repeat_of(chinese, "outlet", Known(words_item_id="first", words_source="wire", words_place=PLACE))
    assert repeat.copy_of == "first"


def test_re_issued_id_with_a_like_title_is_an_edit() -> None:
    known = Known(guid_item_id="old", guid_place=PLACE, guid_marks=title_marks("Patrushev lands in Tehran"))
    repeat = repeat_of(ITEM, "outlet", known)
    assert (repeat.outcome, repeat.story_id, repeat.is_edit) == (Outcome.UPDATED, "story", True)


def test_feed_that_gives_all_entries_one_id_loses_nothing() -> None:
    known = Known(guid_item_id="old", guid_place=PLACE, guid_marks=title_marks("Grain prices fall in Chicago"))
    assert repeat_of(ITEM, "outlet", known).outcome is Outcome.KEPT
