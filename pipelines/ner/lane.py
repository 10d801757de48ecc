"""What the lane decides: the names of a page's items, what it leaves out when it is late, what it writes of both.

Every item of the stream has one outcome; their sum is what was read. Pure but for the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.codec import UnreadableRecordError, decode, encode
from connectors.log import names
from connectors.log.log import Command
from connectors.log.pages import Cursor, LogPage, Standing
from pipelines.entities.unlisted import Marked, unlisted
from pipelines.model import Entity, Item, UnlistedNames
from pipelines.ner.models import Models
from pipelines.text.normalize import cut_at_word

LANE = "ner"
# A longer title is a feed's mistake.
_TITLE_LIMIT = 1000


class LaneOutcome(StrEnum):
    """What became of an item in the lane."""

    FOUND = "found"
    NOTHING = "nothing"
    # No model has its language.
    LANGUAGE = "language"
    # Left out because too many waited.
    BEHIND = "behind"
    # Trimmed from the stream before the lane came to it.
    TRIMMED = "trimmed"
    UNREADABLE = "unreadable"
    # The model raised.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One move along the items stream: where to, and what it writes."""

    cursor: Cursor
    outcomes: Mapping[LaneOutcome, int]
    found: tuple[UnlistedNames, ...] = ()


def beginning(standing: Standing) -> Step:
    """Begin with the oldest item that is there: what was trimmed before there was a lane never was its own."""
    return Step(Cursor(serial=1, read=standing.added - standing.length), {})


def leaving_out(standing: Standing, behind_items: int) -> Step | None:
    """Count what was trimmed unread, and go on with the newest where more than ``behind_items`` wait; None if neither.

    Whoever is late would only be told of what is old by then.
    """
    cursor, outcomes = standing.cursor, Counter[LaneOutcome]()
    if standing.lost:
        outcomes[LaneOutcome.TRIMMED] = standing.lost
    last_id = cursor.last_id
    if standing.unread > behind_items:
        outcomes[LaneOutcome.BEHIND] = standing.unread
        last_id = standing.last_id
    return Step(cursor.moved(last_id, outcomes.total()), outcomes) if outcomes else None


def read_page(page: LogPage, models: Models, lead_characters: int) -> Step:
    """Mark the names of a page's items; one that the model cannot read does not hold up the others."""
    outcomes = Counter[LaneOutcome]()
    by_language: dict[str, list[Item]] = {}
    for record in page.records:
        try:
            item = decode(Item, record.raw)
        except UnreadableRecordError:
            # The stories pipeline makes the dead letter.
            outcomes[LaneOutcome.UNREADABLE] += 1
            continue
        if models.takes(item.language):
            by_language.setdefault(item.language, []).append(item)
        else:
            outcomes[LaneOutcome.LANGUAGE] += 1
    found: list[UnlistedNames] = []
    for language, items in by_language.items():
        for item, marked in zip(items, _marked(items, models, language, lead_characters), strict=True):
            if marked is None:
                outcomes[LaneOutcome.FAILED] += 1
                continue
            entities = _unlisted_of(item, *marked)
            outcomes[LaneOutcome.FOUND if entities else LaneOutcome.NOTHING] += 1
            if entities:
                title, at = item.title, item.event_at
                found.append(UnlistedNames(item.item_id, item.feed_id, item.url, title, item.language, at, entities))
    return Step(page.cursor, outcomes, tuple(found))


_OfItem = tuple[Sequence[Marked], Sequence[Marked]]


def _marked(items: Sequence[Item], models: Models, language: str, lead_characters: int) -> list[_OfItem | None]:
    """Mark title and lead of each item, all at once, which is faster; one by one where one of them fails."""
    texts = []
    for item in items:
        texts += [_beginning_of(item.title, _TITLE_LIMIT), _beginning_of(item.text, lead_characters)]
    try:
        marks = models.mark(language, texts)
    except Exception:
        # Whatever the model raises: it is the operator's.
        if len(items) == 1:
            return [None]
        return [found for item in items for found in _marked([item], models, language, lead_characters)]
    return list(zip(marks[0::2], marks[1::2], strict=True))


def _beginning_of(text: str, limit: int) -> str:
    return text[: cut_at_word(text, limit)]


def _unlisted_of(item: Item, in_title: Sequence[Marked], in_text: Sequence[Marked]) -> tuple[Entity, ...]:
    found: list[Entity] = []
    for field, text, marked in (("title", item.title, in_title), ("text", item.text, in_text)):
        listed = [(entity.start, entity.end) for entity in item.entities if entity.field == field]
        found += unlisted(text, listed, marked, field)
    return tuple(found)


def effects_of(step: Step, retained_items: int) -> list[Command]:
    """Everything that a step changes in the store besides the cursor."""
    capped: Command = ("XADD", names.UNLISTED, "MAXLEN", "~", retained_items, "*", names.FIELD)
    commands: list[Command] = [(*capped, encode(each)) for each in step.found]
    counted = names.outcomes(LANE)
    if total := sum(step.outcomes.values()):
        commands.append(("HINCRBY", counted, "read", total))
    commands += [("HINCRBY", counted, outcome, count) for outcome, count in sorted(step.outcomes.items())]
    return commands
