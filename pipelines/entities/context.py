"""What a text names for certain, which decides what the rest of it may mean."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pipelines.entities.lists.beside import sides, state_words
from pipelines.entities.table import Sense

if TYPE_CHECKING:
    from pipelines.entities.find import Finder

STATES = frozenset(("country", "demonym", "metonym"))
BODIES = frozenset(("org", "company", "group"))
UNITS = frozenset(("state", "unit"))


class Context:
    """What the text names for certain: countries, states and provinces."""

    def __init__(self, finder: Finder) -> None:
        self.countries: Counter[str] = Counter()
        self.units: set[int] = set()
        # First-level units around cities whose name means nothing else.
        self.city_units: set[int] = set()
        for span in finder.spans:
            if span.sense is not None:
                self._count(span.sense)
            elif len(span.senses) == 1:
                self._count(span.senses[0])
            elif span.senses:
                self._count_likely(span.senses)
        # What makes a city's or a country's name part of something else.
        self.features = sides("features.tsv", finder.language)
        self.things = sides("things.tsv", finder.language)
        self.of_states = state_words(finder.language)
        self.by_first = {span.first: span for span in finder.spans}
        self.by_last = {span.last: span for span in finder.spans}

    def _count(self, sense: Sense) -> None:
        if sense.kind == "place":
            if sense.type in UNITS:
                self.units.add(number_of(sense))
            elif sense.unit:
                self.city_units.add(sense.unit)
        elif "support" not in sense.flags and (len(sense.countries) == 1 or sense.kind in STATES):
            self._count_countries(sense)

    def _count_countries(self, sense: Sense) -> None:
        # Counter.update takes nine times as long for one code, and there are ten a text.
        for code in sense.countries:
            self.countries[code] += 1

    def _count_likely(self, senses: tuple[Sense, ...]) -> None:
        """Of several senses a country counts, and the unit that has most people."""
        for sense in senses:
            if sense.kind in STATES:
                self._count_countries(sense)
                break
        likeliest = max(senses, key=_weight)
        if likeliest.type in UNITS:
            self.units.add(number_of(likeliest))

    def names(self, sense: Sense) -> bool:
        """Say whether the text names a country of a sense."""
        return not self.countries.keys().isdisjoint(sense.countries)


def _weight(sense: Sense) -> float:
    return sense.weight


def number_of(sense: Sense) -> int:
    """Give a place's GeoNames id; 0 for one that has none."""
    number = sense.id.rpartition(":")[2]
    return int(number) if number.isdigit() else 0
