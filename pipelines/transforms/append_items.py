"""AppendItems: the items pipeline's commit. All effects of a page and its cursor, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import apache_beam as beam
from apache_beam.pvalue import PCollection

from connectors.codec import encode
from connectors.log import names
from connectors.log.log import Command, shared_log
from pipelines import telemetry
from pipelines.memory import seen_value
from pipelines.model import Outcome, Trace
from pipelines.transforms.pages import Draft, EntryPage, Settled

PIPELINE = "items"


def outcome_name(outcome: Outcome, reason: str) -> str:
    """Field of the outcomes hash: "kept", "dropped:language"."""
    return f"{outcome}:{reason}" if reason else str(outcome)


def effects_of(page: EntryPage, seen_memory: timedelta, *, trace: bool = False) -> list[Command]:
    """Everything that a page changes in the store. Pure."""
    expiry_seconds = int(seen_memory.total_seconds())
    commands: list[Command] = []
    outcomes: Counter[str] = Counter()
    for draft in page.drafts:
        outcomes[draft.outcome] += 1
        commands.append(("XADD", names.ITEMS, "*", names.FIELD, encode(draft.item)))
        seen = seen_value(draft.item.fingerprint, draft.outcome)
        commands.append(("SET", names.seen(draft.item.item_id), seen, "EX", expiry_seconds))
    for settled in page.settled:
        outcomes[outcome_name(settled.outcome, settled.reason)] += 1
        if settled.dead is not None:
            commands.append(("XADD", names.DEAD, "*", names.FIELD, encode(settled.dead)))
        elif settled.item is not None and settled.outcome is Outcome.SEEN:
            # What a feed goes on showing must not become news again when the memory ends.
            commands.append(("EXPIRE", names.seen(settled.item.item_id), expiry_seconds))
        elif settled.item is not None:
            seen = seen_value(settled.item.fingerprint, outcome_name(settled.outcome, settled.reason))
            commands.append(("SET", names.seen(settled.item.item_id), seen, "EX", expiry_seconds))
    counted = names.outcomes(PIPELINE)
    commands.append(("HINCRBY", counted, "read", len(page.source.records)))
    commands.extend(("HINCRBY", counted, name, count) for name, count in sorted(outcomes.items()))
    if trace:
        commands += [_trace(page, draft, "") for draft in page.drafts]
        commands += [_trace(page, settled, settled.reason) for settled in page.settled]
    return commands


def _trace(page: EntryPage, part: Draft | Settled, reason: str) -> Command:
    origin = f"{page.source.stream} {part.record.id}"
    return ("XADD", names.TRACE, "*", names.FIELD, encode(Trace(origin, PIPELINE, part.outcome, reason, part.item)))


class _AppendItemsFn(beam.DoFn):
    def __init__(self, redis_url: str, seen_memory: timedelta, trace: bool) -> None:
        self._redis_url = redis_url
        self._seen_memory = seen_memory
        self._trace = trace

    def process(self, page: EntryPage) -> Iterator[None]:
        commands = effects_of(page, self._seen_memory, trace=self._trace)
        source = page.source
        if shared_log(self._redis_url).commit(source.stream, source.after, source.cursor, commands):
            telemetry.entries_settled(page)
        # A generator that yields nothing: the tail after it needs a PCollection, not elements.
        yield from ()


class AppendItems(beam.PTransform[PCollection[EntryPage], PCollection[None]]):
    """Commit a page: items appended, keys remembered, outcomes counted, cursor moved.

    Shape:   PCollection[EntryPage] -> PCollection[None], always empty.
    Promise: exactly one effect per entry: one transaction on condition of the cursor; a stale page
             changes nothing.
    Errors:  StoreAwayError once Redis is away for longer than the log waits; the run ends, the next
             one starts at the cursor.
    """

    def __init__(self, redis_url: str, seen_memory: timedelta, *, trace: bool = False) -> None:
        super().__init__()
        self._fn = _AppendItemsFn(redis_url, seen_memory, trace)

    def expand(self, pages: PCollection[EntryPage]) -> PCollection[None]:
        """Add the commit."""
        return pages | "Commit" >> beam.ParDo(self._fn).with_output_types(type(None))
