"""NormalizeEntries: what feeds published becomes items, with ids, plain text and marked times."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.pvalue import PCollection

from connectors.codec import UnreadableRecordError, decode
from connectors.log.pages import LogPage, Record
from connectors.records import Entry
from pipelines.model import DeadReason, DropReason, Outcome
from pipelines.text.normalize import normalized
from pipelines.transforms.pages import Draft, EntryPage, Settled, buried

_STAGE = "items"


def page_of_items(source: LogPage) -> EntryPage:
    """Read and normalise every record of a page."""
    drafts: list[Draft] = []
    settled: list[Settled] = []
    for record in source.records:
        result = _draft(source, record)
        if isinstance(result, Draft):
            drafts.append(result)
        else:
            settled.append(result)
    return EntryPage(source, tuple(drafts), tuple(settled))


def _draft(source: LogPage, record: Record) -> Draft | Settled:
    try:
        entry = decode(Entry, record.raw)
        # Instants are compared across entries from here on: one without a zone would stop the stories of all.
        if any(at is not None and at.tzinfo is None for at in (entry.fetched_at, entry.published_at)):
            raise UnreadableRecordError("expected instants with a zone")
        item, tokens = normalized(entry, f"{source.stream} {record.id}")
    except UnreadableRecordError as error:
        return buried(source, record, _STAGE, DeadReason.UNREADABLE, str(error))
    except Exception as error:
        # Whatever one entry does, the others of its page go on.
        return buried(source, record, _STAGE, DeadReason.FAILED, f"{type(error).__name__}: {error}")
    if not (item.title or item.text or item.link):
        return Settled(record, Outcome.DROPPED, DropReason.EMPTY, item)
    return Draft(record, entry, item, tokens)


class NormalizeEntries(beam.PTransform[PCollection[LogPage], PCollection[EntryPage]]):
    """Turn stored entries into items.

    Shape:   PCollection[LogPage] -> PCollection[EntryPage].
    Time:    event time = min(published, fetched), flags "undated" and "future".
    Drops:   DropReason.EMPTY; unreadable records are dead letters.
    Errors:  none raised per entry.
    """

    def expand(self, pages: PCollection[LogPage]) -> PCollection[EntryPage]:
        """Add the step."""
        return pages | "Normalize" >> beam.Map(page_of_items).with_output_types(EntryPage)
