"""The curated persons and organisations, the seats that stand for a body, and the words for offices."""

from __future__ import annotations

from pipelines.entities.lists.inflect import Inflector
from pipelines.entities.lists.organisations import Organisations, without_article
from pipelines.entities.lists.persons import Persons
from pipelines.entities.lists.read import read_list, rows
from pipelines.entities.table import Sense
from pipelines.text.tokens import words_of
from tools.gazetteer.countries import SOURCES, columns_of


def add_persons(persons: Persons) -> int:
    """File the curated persons; gives how many. Errors: ValueError naming what stands there twice or is wrong."""
    return _add_all("persons", persons)


def add_organisations(organisations: Organisations) -> int:
    """File the curated organisations, companies and groups; gives how many. Errors: as ``add_persons``."""
    return _add_all("organisations", organisations)


def _add_all(folder: str, collector: Persons | Organisations) -> int:
    ids: set[str] = set()
    for path in sorted((SOURCES / folder).glob("*.yaml")):
        for entry in read_list(path):
            if entry["id"] in ids:
                raise ValueError(f"{path.name}: {entry['id']} stands there twice")
            ids.add(entry["id"])
            collector.add(entry)
    return len(ids)


def seats(organisations: Organisations, inflector: Inflector) -> dict[str, dict[Sense, None]]:
    """Give the seats that stand for a body of the list (Pentagon, Foggy Bottom), out of ``metonyms.tsv``."""
    found: dict[str, dict[Sense, None]] = {}
    for row in rows(SOURCES / "metonyms.tsv"):
        body = organisations.senses.get(row[0])
        if row[1] != "seat" or body is None:
            continue
        for language, name in columns_of(row[2:]):
            for form in {name, *inflector.headed(language, name), *without_article(language, name)}:
                sense = Sense(body.id, "metonym", "capital", countries=body.countries)
                found[" ".join(words_of(form))] = {sense: None}
    return found


def roles(inflector: Inflector) -> dict[str, dict[Sense, None]]:
    """Give the words for offices, each in its own language."""
    found: dict[str, dict[Sense, None]] = {}
    for role, names in read_list(SOURCES / "roles.yaml").items():
        for language, written in names.items():
            sense = Sense(f"role:{role}", "role", "any", (language,))
            for name in str(written).split("|"):
                for form in {name, *inflector.headed(language, name)}:
                    found.setdefault(" ".join(words_of(form)), {}).setdefault(sense)
    return found
