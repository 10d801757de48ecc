"""What an item repeats: a page placed before, another sighting, or another outlet's words. Pure.

Items decide by canonical URL inside a shard; what crosses shards is decided here, by the one ordered
reader: a feed's own id, and the words themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.memory import title_marks
from pipelines.model import Item, Outcome, Place

# Fewer words are equal by chance ("Live updates", "Weather").
_TELLING_WORDS = 6
# Share of title words that makes a re-issued id the same piece: some feeds give all entries one id.
_SAME_TITLE = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of an item's page, feed id and words; each may be absent."""

    # Where this very page (item_id) was put.
    place: Place | None = None
    # Item that the feed gave this id to before, where that was put, and the marks of its title then.
    guid_item_id: str = ""
    guid_place: Place | None = None
    guid_marks: frozenset[str] = frozenset()
    # Item that carried these words first, the outlet it came from, and where it was put.
    words_item_id: str = ""
    words_source: str = ""
    words_place: Place | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """The verdict on one item."""

    outcome: Outcome
    # Story that it must stay in, "" to be found.
    story_id: str = ""
    # item_id whose words it copies, "" for its own words.
    copy_of: str = ""
    # True where an earlier page has new words.
    is_edit: bool = False


def repeat_of(item: Item, source_id: str, known: Known) -> Repeat:
    """Decide what an item repeats.

    The same page with new words is an edit and stays in its story; the same words from the same
    outlet are another sighting; the same words from another outlet are a copy in the same story.
    """
    if known.place is not None:
        if item.is_edit:
            return Repeat(Outcome.UPDATED, known.place.story_id, known.place.copy_of, is_edit=True)
        return Repeat(Outcome.SEEN, known.place.story_id)
    if known.words_place is not None and known.words_item_id != item.item_id and _is_telling(item):
        if known.words_source == source_id:
            return Repeat(Outcome.SEEN, known.words_place.story_id)
        return Repeat(Outcome.KEPT, known.words_place.story_id, known.words_place.copy_of or known.words_item_id)
    if known.guid_place is not None and _is_same_title(title_marks(item.title), known.guid_marks):
        return Repeat(Outcome.UPDATED, known.guid_place.story_id, is_edit=True)
    return Repeat(Outcome.UPDATED if item.is_edit else Outcome.KEPT, is_edit=item.is_edit)


def _is_telling(item: Item) -> bool:
    return len(item.title.split()) + len(item.text.split(maxsplit=_TELLING_WORDS)) >= _TELLING_WORDS or _is_unspaced(
        item
    )


def _is_unspaced(item: Item) -> bool:
    """Say whether the text is long although it has no spaces, as in Chinese."""
    return len(item.title) + len(item.text) >= 4 * _TELLING_WORDS


def _is_same_title(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and len(one & other) / min(len(one), len(other)) >= _SAME_TITLE
