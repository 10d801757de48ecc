"""FindEntities: who and where each item names."""

from __future__ import annotations

from dataclasses import replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines.entities.countries import find_countries
from pipelines.transforms.pages import Draft, EntryPage, Settled, stepped


def with_entities(page: EntryPage) -> EntryPage:
    """Find the names among the words of every draft."""

    def step(draft: Draft) -> Draft | Settled:
        entities = find_countries(draft.tokens, draft.item.language)
        return replace(draft, item=replace(draft.item, entities=entities)) if entities else draft

    return stepped(page, "items", step)


class FindEntities(beam.PTransform[PCollection[EntryPage], PCollection[EntryPage]]):
    """Find entities in items.

    Shape:   PCollection[EntryPage] -> PCollection[EntryPage]; sets Item.entities.
    Drops:   nothing.
    Source:  country names of CLDR in all its languages, with demonyms and inflected forms.
    """

    def expand(self, pages: PCollection[EntryPage]) -> PCollection[EntryPage]:
        """Add the step."""
        return pages | "Find" >> beam.Map(with_entities).with_output_types(EntryPage)
