"""The spellings and cases of a name that nobody listed: what ``name:"…"`` in a query stands for."""

from __future__ import annotations

from functools import lru_cache

from pipelines.entities.lists.inflect import inflector
from pipelines.entities.lists.persons import Persons
from pipelines.entities.lists.spelling import script_of

_LANGUAGES = {"hebrew": "he", "han": "zh", "hangul": "ko", "kana": "ja", "greek": "el"}
_UKRAINIAN, _PERSIAN = frozenset("іїєґ"), frozenset("پچژگکی")


@lru_cache(maxsize=256)
def spellings_of(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the given names and the surnames, folded and in order, that a written name may have in a text.

    Without given names the surnames are whole names. The language is told by the letters: cases of the Slavic
    languages, and the spellings that other languages' papers give a Cyrillic name.
    """
    persons = Persons(inflector())
    persons.add({"id": "anybody", "country": "", "names": {_language_of(name): name}})
    given = {form for senses in persons.names.values() for sense in senses for form in sense.given}
    return tuple(sorted(given)), tuple(sorted(persons.names))


def _language_of(name: str) -> str:
    letters, script = set(name.lower()), script_of(name)
    if script == "cyrillic":
        return "uk" if letters & _UKRAINIAN else "ru"
    if script == "arabic":
        return "fa" if letters & _PERSIAN else "ar"
    return _LANGUAGES.get(script, "en")
