"""Builds the gazetteer that ships in the wheel: ``python -m tools.gazetteer``.

Reads the lists under ``tools/data/entities`` and CLDR (babel); writes the same bytes for the same inputs.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pipelines.entities.lists.inflect import inflector
from pipelines.entities.lists.organisations import Organisations
from pipelines.entities.lists.persons import Persons
from pipelines.entities.lists.read import rows
from pipelines.entities.table import Sense
from pipelines.text.tokens import words_of
from tools.gazetteer.bodies import add_organisations, add_persons, roles, seats
from tools.gazetteer.countries import SOURCES, country_names
from tools.gazetteer.places import Places, geonames
from tools.gazetteer.store import write

TABLE = Path(__file__).parents[2] / "pipelines" / "entities" / "data" / "gazetteer.bin"
# Names that would make a text's common words senses: none is worth more than this many.
_SENSES_LIMIT = 24
# "News agency", folded, which ``Organisations`` takes off: وكالة أنباء البحرين.
_AGENCY = "وكاله انباء"
# Places that somebody chose to list.
_KNOWN = frozenset(("curated", "press"))


def inputs_digest() -> str:
    """Hash our own lists: the shipped table names the lists that it was built from."""
    digest = hashlib.sha256()
    generated_by = (TABLE.parent / "inflections.tsv", TABLE.parent / "translit.tsv")
    for path in (*sorted(one for one in SOURCES.rglob("*") if one.is_file()), *generated_by):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _header(persons: Persons, counts: dict[str, int]) -> dict[str, Any]:
    context = {row[0]: row[2].split() for row in rows(SOURCES / "context_en.tsv")}
    prefixes: dict[str, list[str]] = defaultdict(list)
    for row in rows(SOURCES / "clitics.tsv"):
        if row[1] == "prefix":
            prefixes[row[0]] += row[2].split()
    common = {
        row[0]: [word for name in row[1].split() for word in words_of(name)]
        for row in rows(SOURCES / "common_words.tsv")
    }
    states = {row[0]: int(row[1]) for row in rows(SOURCES / "us_states.tsv")}
    return {
        "inputs": inputs_digest(),
        "organisation_follows_country": context["organisation-follows-country"],
        "organisation_follows": context["organisation-follows"],
        "organisation_before_of": context["organisation-before-of"],
        "person_title_before": context["person-title-before"],
        "personish": context["personish"],
        "may_precede": context["may-precede-country"],
        "compass": context["compass"],
        "not_a_first_name": context["not-a-first-name"],
        "first_names": (SOURCES / "first_names.txt").read_text(encoding="utf-8").split(),
        "given_names": sorted(persons.given_names),
        "common_words": common,
        "prefixes": {language: prefixes[language] for language in ("ar", "he")},
        "states": states,
        "holders": persons.holders,
        "offices": persons.offices,
        "counts": counts,
    }


def build() -> tuple[dict[str, Any], dict[str, list[Sense]]]:
    """Give the header and the senses of every folded name."""
    endings = inflector()
    places, persons, organisations = Places(endings), Persons(endings), Organisations(endings)
    places.add_geonames()
    places.add_shortened_states()
    places.add_exemplars()
    places.add_capitals()
    counts = {
        "places_curated": len(places.add_curated()),
        "places_geonames": sum(1 for _ in geonames()),
        "persons": add_persons(persons),
        "organisations": add_organisations(organisations),
    }
    places.add_press_names()
    names: dict[str, list[Sense]] = defaultdict(list)
    for key, senses in country_names(endings, places.city_names).items():
        names[key] += senses
    stands_for = seats(organisations, endings)
    for key, found in organisations.names.items():
        if any(sense.kind == "country" for sense in names.get(key, ())) and not any(one.flags for one in found):
            key = f"{_AGENCY} {key}"  # without the word for its kind nothing but the country is left
        names[key] += stands_for.get(key, found)
    for key, found in stands_for.items():
        if key not in organisations.names:
            names[key] += found
    for key, found in itertools.chain(roles(endings).items(), persons.names.items(), places.names.items()):
        names[key] += found
    counts["names"] = len(names)
    return _header(persons, counts), {key: _best_first(senses) for key, senses in names.items()}


def _best_first(senses: list[Sense]) -> list[Sense]:
    """What only swallows counts where nothing else is meant; of many places the biggest are kept.

    The rules of what swallows say where another word begins (日本海, but 日本海军), also where a sea is meant.
    """
    meant = [sense for sense in senses if sense.id]
    swallowed = [sense for sense in senses if not sense.id]
    if swallowed and all(sense.kind == "place" and sense.flags.isdisjoint(_KNOWN) for sense in meant):
        return swallowed[:1]
    if swallowed and swallowed[0].rules:
        rules = swallowed[0].rules
        meant = [replace(sense, rules=(*sense.rules, *rules)) if sense.kind == "place" else sense for sense in meant]
    one_each: dict[tuple[str, str], Sense] = {}
    for sense in meant:
        key = (sense.id, sense.kind) if sense.kind == "place" else (repr(sense), "")
        known = one_each.get(key)
        if known is None or _worth(sense) > _worth(known):
            one_each[key] = sense
    places = sorted((one for one in one_each.values() if one.kind == "place"), key=lambda one: -one.weight)
    return [one for one in one_each.values() if one.kind != "place"] + places[:_SENSES_LIMIT]


def _worth(sense: Sense) -> int:
    """Of two senses of one place under one name, the better known way to it counts."""
    return 2 * len(sense.flags & _KNOWN) - len(sense.flags & {"alternate", "weak", "support"})


def main() -> None:
    """Write the table."""
    header, names = build()
    senses, size = write(TABLE, header, names)
    print(f"{len(names)} names, {senses} senses, {size} bytes; {header['counts']}")


if __name__ == "__main__":
    main()
