"""The most frequent names that no list has, out of what the lane kept last: for an editor to add.

Brings the gazetteer with it: import it where it is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import redis.asyncio

from connectors.log import names
from desk.read import decoded
from pipelines.entities.find import entities_of_text
from pipelines.entities.own import OwnEntry, Section
from pipelines.entities.table import Starts
from pipelines.model import UnlistedNames
from pipelines.ner.lane import LANE, LaneOutcome

# Newest items with such names that are counted, and names that are shown.
_ITEMS = 2000
_NAMES = 40
_SECTIONS = {"person": Section.PERSONS, "org": Section.ORGANISATIONS, "place": Section.PLACES}
_LEFT_OUT = (LaneOutcome.BEHIND, LaneOutcome.TRIMMED, LaneOutcome.FAILED)


@dataclass(frozen=True, slots=True)
class UnlistedName:
    """One spelling, as most of the items have it."""

    name: str
    # What the model mostly took it for, and the list that it would stand in.
    kind: str
    section: Section
    items: int
    # The newest of the items.
    title: str
    url: str
    language: str
    event_at: datetime


@dataclass(frozen=True, slots=True)
class UnlistedListing:
    """What the page shows of the lane."""

    names: tuple[UnlistedName, ...]
    # Items among which the names were counted.
    items: int
    # Ever read by the lane, and those of them that it left out or failed at.
    read: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What the lane kept last, the newest first, as it stands in the store; and its outcomes."""

    raws: Sequence[bytes]
    outcomes: Mapping[str, int]


@dataclass(slots=True)
class _Seen:
    example: UnlistedNames
    item_ids: set[str] = field(default_factory=set)
    spellings: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)


async def read_kept(client: redis.asyncio.Redis) -> Kept:
    """Read what the lane kept last. Errors: redis.RedisError."""
    opened: Any = client
    records = await opened.xrevrange(names.UNLISTED, count=_ITEMS)
    counted = await opened.hgetall(names.outcomes(LANE))
    raws = [fields.get(names.FIELD, b"") for _, fields in records]
    return Kept(raws, {name.decode(): int(count) for name, count in counted.items()})


def listing(kept: Kept, own: Sequence[OwnEntry], starts: Starts | None, year: int) -> UnlistedListing:
    """List the most frequent names that the own names in force do not find either: some were added since.

    ``starts`` are the names to find, those own entries among them; None where they cannot be read.
    """
    items = decoded(UnlistedNames, kept.raws)
    left_out = sum(kept.outcomes.get(outcome, 0) for outcome in _LEFT_OUT)
    return UnlistedListing(
        frequent(items, _finder(own, starts, year)), len(items), kept.outcomes.get("read", 0), left_out
    )


def frequent(
    newest_first: Iterable[UnlistedNames], is_listed: Callable[[str, str], bool], most: int = _NAMES
) -> tuple[UnlistedName, ...]:
    """Give the names that most items have, the newest first among equals."""
    seen: dict[str, _Seen] = {}
    for item in newest_first:
        for entity in item.entities:
            one = seen.setdefault(entity.id, _Seen(item))
            # An edited item comes again.
            one.item_ids.add(item.item_id)
            one.spellings[entity.text] += 1
            one.kinds[entity.kind] += 1
    found: list[UnlistedName] = []
    for one in sorted(seen.values(), key=lambda each: -len(each.item_ids)):
        if len(found) == most:
            break
        name, kind = one.spellings.most_common(1)[0][0], one.kinds.most_common(1)[0][0]
        section, example = _SECTIONS.get(kind), one.example
        if section is not None and not is_listed(name, example.language):
            told = (example.title, example.url, example.language, example.event_at)
            found.append(UnlistedName(name, kind, section, len(one.item_ids), *told))
    return tuple(found)


def _finder(own: Sequence[OwnEntry], starts: Starts | None, year: int) -> Callable[[str, str], bool]:
    """Say of a name whether the own names find it by now."""
    ids = {entry.fields["id"] for entry in own}
    if not ids or starts is None:
        return lambda name, language: False

    def is_listed(name: str, language: str) -> bool:
        found = entities_of_text(name, language, year, starts=starts)
        return any(one["id"].partition(":")[2] in ids for one in found)

    return is_listed
