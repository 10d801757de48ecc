"""FindEntities: who and where each item names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines.entities.find import find_entities
from pipelines.entities.table import Starts
from pipelines.transforms.namebook import shared_namebook
from pipelines.transforms.pages import Draft, EntryPage, Settled, stepped


def with_entities(page: EntryPage, starts: Starts | None = None) -> EntryPage:
    """Find the names among the words of every draft."""

    def step(draft: Draft) -> Draft | Settled:
        item = draft.item
        entities = find_entities(draft.tokens, item.language, item.event_at.year, starts)
        return replace(draft, item=replace(item, entities=entities)) if entities else draft

    return stepped(page, "items", step)


class _FindEntitiesFn(beam.DoFn):
    def __init__(self, name_files: tuple[str, ...], saved_names_url: str) -> None:
        self._name_files = name_files
        self._saved_names_url = saved_names_url

    def process(self, page: EntryPage) -> Iterator[EntryPage]:
        book = shared_namebook(self._name_files, self._saved_names_url)
        found = with_entities(page, book.current())
        book.saw(draft.tokens for draft in page.drafts)
        yield found


class FindEntities(beam.PTransform[PCollection[EntryPage], PCollection[EntryPage]]):
    """Find entities in items.

    Shape:   PCollection[EntryPage] -> PCollection[EntryPage]; sets Item.entities.
    Drops:   nothing.
    Errors:  a list of names with mistakes stops the start; later the last good lists stay, and it is said.
             The store is waited for at the start; while it is away later, the names that are known are found.
    Source:  pipelines/entities, and a desk's own names out of files and the store at ``saved_names_url``;
             the year of the item tells who held an office.
    """

    def __init__(self, name_files: tuple[str, ...] = (), saved_names_url: str = "") -> None:
        super().__init__()
        self._fn = _FindEntitiesFn(name_files, saved_names_url)

    def expand(self, pages: PCollection[EntryPage]) -> PCollection[EntryPage]:
        """Add the step."""
        return pages | "Find" >> beam.ParDo(self._fn).with_output_types(EntryPage)
