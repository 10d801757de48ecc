"""What the store remembers of every item for as long as ``seen_memory``: four short values. Pure.

They are what the store grows by, so they are written as few characters: parts with a separator between
them, empty ones at the end left out, and no part that the key tells already.
"""

from __future__ import annotations

from zlib import crc32

from connectors.codec import UnreadableRecordError
from pipelines.model import Item, Outcome, Place

_SEPARATOR = "\x1f"
_MARK_DIGITS = 4
_MARKED_WORDS = 50


def seen_value(fingerprint: str, outcome: str) -> str:
    """What ``items`` keeps under a page: its words, and what became of it ("dropped:language")."""
    return f"{fingerprint}{_SEPARATOR}{outcome}"


def read_seen(value: str) -> tuple[str, str]:
    """Give the fingerprint and outcome of a ``seen_value``."""
    words, _, outcome = value.partition(_SEPARATOR)
    return words, outcome


def words_value(item: Item, source_id: str) -> str:
    """What ``stories`` keeps under an item's words: the item and the outlet it came from."""
    return f"{item.item_id}{_SEPARATOR}{source_id}"


def read_words(value: str) -> tuple[str, str]:
    """Give the item and outlet of a ``words_value``."""
    item_id, _, source_id = value.partition(_SEPARATOR)
    return item_id, source_id


def guid_value(item: Item) -> str:
    """What ``stories`` keeps under a feed's own id: the item that it named, and marks of its title's words."""
    return f"{item.item_id}{_SEPARATOR}{''.join(sorted(title_marks(item.title)))}"


def read_guid(value: str) -> tuple[str, frozenset[str]]:
    """Give the item of a ``guid_value`` and the marks of its title."""
    item_id, _, marks = value.partition(_SEPARATOR)
    return item_id, frozenset(marks[at : at + _MARK_DIGITS] for at in range(0, len(marks), _MARK_DIGITS))


def title_marks(title: str) -> frozenset[str]:
    """Give a short hash of each of a title's words: enough to tell how much two titles share."""
    words = title.casefold().split()[:_MARKED_WORDS]
    return frozenset(f"{crc32(word.encode('utf-8', 'surrogatepass')) & 0xFFFF:04x}" for word in words)


def place_value(place: Place) -> str:
    """What ``stories`` keeps under an item: where it put it."""
    parts = (place.story_id, str(place.outcome), place.copy_of, " ".join(place.rules), " ".join(place.raised))
    return _SEPARATOR.join(parts).rstrip(_SEPARATOR)


def read_place(raw: bytes) -> Place:
    """Read a ``place_value``. Errors: UnreadableRecordError."""
    try:
        parts = raw.decode().split(_SEPARATOR)
        story_id, outcome, copy_of, rules, raised = (*parts, "", "", "")[:5]
        return Place(story_id, Outcome(outcome), copy_of, tuple(rules.split()), tuple(raised.split()))
    except ValueError as error:
        raise UnreadableRecordError(f"expected a place: {error}") from error
