"""What travels through the two graphs: a page of entries, and a page of items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from connectors.log.pages import LogPage, Record
from connectors.records import Alert, DeadLetter, Entry, Report
from pipelines.model import DeadReason, Item, Outcome, Story
from pipelines.text.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry on its way to become an item."""

    record: Record
    entry: Entry
    # Its ``item_id`` is a hash of what decides the shard, and names what was seen.
    item: Item
    # The words of its title and text.
    tokens: Tokens

    @property
    def outcome(self) -> Outcome:
        """What it will be, once its page is committed."""
        return Outcome.UPDATED if self.item.is_edit else Outcome.KEPT


@dataclass(frozen=True, slots=True)
class Settled:
    """An entry or item whose outcome is final."""

    record: Record
    outcome: Outcome
    # DropReason or DeadReason, "" for the others.
    reason: str = ""
    # None where the record could not be read.
    item: Item | None = None
    dead: DeadLetter | None = None
    # Story of what a sighting repeats.
    story_id: str = ""


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of one entry shard: drafts under way, and what is settled."""

    source: LogPage
    drafts: tuple[Draft, ...]
    settled: tuple[Settled, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """An item on its way into a story."""

    record: Record
    item: Item
    outcome: Outcome
    # The outlet it came from.
    source_id: str
    # Set by joining; a story that must be found is "" before.
    story_id: str = ""
    copy_of: str = ""
    is_edit: bool = False
    # ISO codes that title and lead name, set by joining.
    countries: tuple[str, ...] = ()
    report: Report | None = None
    # The story after this arrival.
    story: Story | None = None
    raised: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of the items stream: arrivals under way, sightings and dead letters aside."""

    source: LogPage
    arrivals: tuple[Arrival, ...]
    settled: tuple[Settled, ...]
    # Stories of the arrivals that others may still join.
    active: frozenset[str] = frozenset()
    # Stories closed by the clock or for room, and those of them that had raised an alert before.
    closed: tuple[str, ...] = ()
    closed_with_alerts: frozenset[str] = frozenset()


def stepped(page: EntryPage, stage: str, step: Callable[[Draft], Draft | Settled]) -> EntryPage:
    """Take every draft one step on; one that cannot be handled becomes a dead letter, the page goes on."""
    drafts: list[Draft] = []
    settled: list[Settled] = []
    for draft in page.drafts:
        try:
            result = step(draft)
        except Exception as error:
            result = buried(page.source, draft.record, stage, DeadReason.FAILED, f"{type(error).__name__}: {error}")
        if isinstance(result, Draft):
            drafts.append(result)
        else:
            settled.append(result)
    return replace(page, drafts=tuple(drafts), settled=(*page.settled, *settled))


def buried(source: LogPage, record: Record, stage: str, reason: DeadReason, detail: str) -> Settled:
    """Settle a record that could not be handled: a dead letter that can be tried again."""
    letter = DeadLetter(
        stage=stage,
        reason=reason,
        detail=detail[:500],
        payload=record.raw.decode("utf-8", "replace"),
        stream=source.stream,
        died_at=source.clock,
    )
    return Settled(record, Outcome.DEAD, reason, dead=letter)
