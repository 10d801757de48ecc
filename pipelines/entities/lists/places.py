"""Names of curated places."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from msgspec.structs import replace

from pipelines.entities.lists.inflect import Inflector
from pipelines.entities.lists.organisations import without_article
from pipelines.entities.table import Sense
from pipelines.text.tokens import words_of

# Curated places matter more than their few people; a sea more than the province of its name.
_WEIGHT, _WATER_WEIGHT = 5.0, 7.5
WATERS = frozenset(("sea", "strait", "ocean", "gulf", "canal", "river", "lake"))


class CuratedPlaces:
    """Collects the senses of curated places by folded name."""

    def __init__(self, inflector: Inflector) -> None:
        self.names: dict[str, dict[Sense, None]] = defaultdict(dict)
        self._inflector = inflector

    def add(self, entry: dict[str, Any], known: Sense | None = None) -> Sense:
        """File one place: ``id country type names`` as docs/entities.md describes; ``known`` is its GeoNames sense."""
        weight = _WATER_WEIGHT if entry["type"] in WATERS else _WEIGHT
        sense = Sense(
            f"place:{entry['id']}",
            "place",
            "capital",
            countries=tuple(str(entry.get("country") or "-").replace("-", "").split()),
            weight=max(known.weight if known else 0.0, weight, float(entry.get("weight") or 0)),
            unit=known.unit if known else 0,
            type="capital" if known and known.type == "capital" else str(entry["type"]),
            flags=frozenset(("curated",)),
        )
        for language, written in entry["names"].items():
            for name in str(written).split("|"):
                self._add_name(language, name.strip(), sense)
        return sense

    def _add_name(self, language: str, written: str, sense: Sense) -> None:
        name = written.lstrip("^?")
        key = " ".join(words_of(name))
        if len(key) < 2:
            return
        if "?" in written[:2]:
            sense = replace(sense, flags=sense.flags | {"support"})
        if "^" in written[:2]:
            self.names[key].setdefault(replace(sense, case="exact", surfaces=frozenset((name,))))
            return
        case = "any" if name[:1].islower() else "capital"
        for form in {name, *self._inflector.headed(language, name), *without_article(language, name)}:
            self.names[" ".join(words_of(form))].setdefault(replace(sense, case=case))
