"""DropSeen: an entry whose page was seen with the same words goes no further; new words are an edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from connectors.log import names
from connectors.log.log import shared_log
from pipelines.memory import read_seen
from pipelines.model import Outcome
from pipelines.transforms.pages import Draft, EntryPage, Settled


def without_seen(page: EntryPage, known: dict[str, str]) -> EntryPage:
    """Settle what was seen; ``known`` gives the fingerprint that each page (item_id) had last."""
    known = dict(known)
    drafts: list[Draft] = []
    settled: list[Settled] = []
    for draft in page.drafts:
        before = known.get(draft.item.item_id)
        known[draft.item.item_id] = draft.item.fingerprint
        if before is None:
            drafts.append(draft)
        elif before == draft.item.fingerprint:
            settled.append(Settled(draft.record, Outcome.SEEN, item=draft.item))
        else:
            drafts.append(replace(draft, item=replace(draft.item, is_edit=True)))
    return replace(page, drafts=tuple(drafts), settled=(*page.settled, *settled))


class _DropSeenFn(beam.DoFn):
    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url

    def process(self, page: EntryPage) -> Iterator[EntryPage]:
        # Plain reads: while the cursor stands at the page's start, nobody else writes keys of this
        # shard, and the commit refuses the page if it does not stand there any more.
        raws = shared_log(self._redis_url).mget([names.seen(draft.item.item_id) for draft in page.drafts])
        known = {
            draft.item.item_id: read_seen(raw.decode())[0]
            for draft, raw in zip(page.drafts, raws, strict=True)
            if raw is not None
        }
        yield without_seen(page, known)


class DropSeen(beam.PTransform[PCollection[EntryPage], PCollection[EntryPage]]):
    """Drop what this shard has seen.

    Shape:   PCollection[EntryPage] -> PCollection[EntryPage].
    Drops:   Outcome.SEEN: same key, same words. The same key with other words goes on as an edit.
    Promise: exact, by the page commit; keys expire after `seen_memory`.
    """

    def __init__(self, redis_url: str) -> None:
        super().__init__()
        self._redis_url = redis_url

    def expand(self, pages: PCollection[EntryPage]) -> PCollection[EntryPage]:
        """Add the step."""
        return pages | "LookUp" >> beam.ParDo(_DropSeenFn(self._redis_url)).with_output_types(EntryPage)
