"""Names of organisations, companies and armed groups."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from msgspec.structs import replace

from pipelines.entities.lists.inflect import Inflector
from pipelines.entities.lists.spelling import script_of
from pipelines.entities.table import Sense
from pipelines.text.tokens import words_of

_ACRONYM = 5
_CASELESS_SHORT = 3
_ARTICLE_LEAST = 5
# "The newspaper so-and-so": the word for the kind is no part of the name.
_KIND_WORDS = ("صحيفة ", "وكالة أنباء ", "روزنامه ", "газета ", "агентство ", "газета «")


class Organisations:
    """Collects the senses of organisations by folded name."""

    def __init__(self, inflector: Inflector) -> None:
        self.names: dict[str, dict[Sense, None]] = defaultdict(dict)
        self._inflector = inflector
        self.senses: dict[str, Sense] = {}

    def add(self, entry: dict[str, Any]) -> None:
        """File one organisation: ``id kind country names`` as docs/entities.md describes."""
        countries = tuple(str(entry.get("country") or "-").replace("-", "").split())
        sense = Sense(
            f"{entry['kind']}:{entry['id']}", entry["kind"], "capital", countries=countries, type=entry.get("type", "")
        )
        self.senses[sense.id] = sense
        for language, written in entry["names"].items():
            for name in str(written).split("|"):
                self._add_name(language, name.strip(), sense)

    def _add_name(self, language: str, written: str, sense: Sense) -> None:
        name = written.lstrip("^?")
        kind = next((word for word in _KIND_WORDS if name.startswith(word)), "")
        # The article is no part of a name that stands without it too.
        name = name.removeprefix(kind).removeprefix("The ")
        key = " ".join(words_of(name))
        if len(key) < 2:
            return
        if "?" in written[:2]:
            sense = replace(sense, flags=frozenset(("support",)))
        if "^" in written[:2] or (name.isupper() and name.isalpha() and len(name) <= _ACRONYM):
            self.names[key].setdefault(replace(sense, case="exact", surfaces=frozenset((name.rstrip("."),))))
            return
        if script_of(name) in ("arabic", "hebrew") and " " not in key:
            if len(key.removeprefix("ال")) <= _CASELESS_SHORT:
                return  # a word of the language, far more often than a name
            sense = replace(sense, languages=(language,))
        case = "any" if name[:1].islower() and script_of(name) in ("latin", "cyrillic") else "capital"
        for form in {name, *self._inflector.headed(language, name), *without_article(language, name)}:
            self.names[" ".join(words_of(form))].setdefault(replace(sense, case=case))
        if language == "de" and " " not in name and not name.endswith(("s", "x", "z")):
            self.names[f"{key}s"].setdefault(replace(sense, case=case))


def without_article(language: str, name: str) -> list[str]:
    """Hebrew prepositions swallow the article: הפנטגון is בפנטגון."""
    return [name[1:]] if language == "he" and name.startswith("ה") and len(name) >= _ARTICLE_LEAST else []
