"""Generates the inflected forms of names, by the endings of ``data/inflections.tsv``."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from pipelines.entities.lists.read import rows

INFLECTED = frozenset("ru uk pl cs bg sl de fr es".split())
_FORMS_LIMIT = 1500
_HEADED_LIMIT = 300
_ADJECTIVE_ENDINGS = {
    "ru": ("ый", "ий", "ой", "ая", "яя", "ое", "ее", "ые", "ие"),
    "uk": ("ий", "ій", "а", "я", "е", "є", "і", "ї"),
    "bg": ("ски", "ска", "ско", "ият", "ата", "ото", "ите", "ен", "на", "но", "ни"),
    "pl": ("y", "i", "a", "e"),
    "cs": ("ý", "í", "á", "é"),
    "sl": ("i", "a", "o", "e"),
}
_NOT_INFLECTED = frozenset(
    "и та й i a e y und et de la du del des da do dei der den die das of the and na nad pod v".split()
)


class Inflector:
    """Generates a word's endings from ``inflections.tsv``: longest ending wins."""

    def __init__(self) -> None:
        self._paradigms: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for row in rows("inflections.tsv"):
            language, kind, ending, replacements = (*row, "", "")[:4]
            self._paradigms[language, kind][ending] |= {"" if part == "-" else part for part in replacements.split()}

    def forms(self, language: str, kinds: str, word: str) -> set[str]:
        """Give all forms of a word as a noun (N), adjective (A) or inhabitant (I), itself included."""
        lowered = word.lower()
        found = {lowered}
        for kind in kinds:
            paradigm = self._paradigms.get((language, kind))
            if not paradigm:
                continue
            if f"={lowered}" in paradigm:
                found |= paradigm[f"={lowered}"]
                continue
            for cut in range(len(lowered)):
                ending = lowered[cut:]
                if ending in paradigm:
                    found |= {lowered[:cut] + replacement for replacement in paradigm[ending]}
                    break
            else:
                found |= {lowered + replacement for replacement in paradigm.get("", ())}
        return found

    def phrases(self, language: str, kinds: str, name: str) -> Iterable[str]:
        """Give all forms of a name of several words, up to a limit that never cuts the name itself."""
        if language not in INFLECTED:
            return [name]
        words = re.findall(r"[\w'’ʼ.]+|[^\w\s]", name)
        choices = [
            [word] if len(word) <= 2 or word.lower() in _NOT_INFLECTED else sorted(self.forms(language, kinds, word))
            for word in words
        ]
        size = 1
        for place, options in enumerate(choices):
            if size * len(options) > _FORMS_LIMIT:
                choices[place] = options = [words[place]]
            size *= len(options)
        return (" ".join(parts) for parts in itertools.product(*choices))

    def headed(self, language: str, name: str) -> list[str]:
        """Give the forms of a name of several words whose first noun carries the case: what follows it stays.

        "Совет Безопасности ООН" declines only its first word, "Красное море" both.
        """
        words = name.split()
        if language == "de":
            # "Europäische Union" is "Europäischen Union" behind an article.
            return [
                name,
                *(
                    " ".join([words[0] + ending, *words[1:]])
                    for ending in "nrms"
                    if len(words) > 1 and words[0].endswith("e")
                ),
            ]
        if language not in INFLECTED or language in ("fr", "es") or not words:
            return [name]
        choices: list[list[str]] = []
        for place, word in enumerate(words):
            is_last = place == len(words) - 1
            if len(word) <= 2 or word.isupper() or word.lower() in _NOT_INFLECTED:
                choices.append([word])
                continue
            is_adjective = not is_last and word.lower().endswith(_ADJECTIVE_ENDINGS[language])
            choices.append(sorted(self.forms(language, "NA" if is_adjective or is_last else "N", word)))
            if not is_adjective:
                choices += [[rest] for rest in words[place + 1 :]]
                break
        size = 1
        for place, options in enumerate(choices):
            if size * len(options) > _HEADED_LIMIT:
                choices[place] = options = [words[place]]
            size *= len(options)
        return [" ".join(parts) for parts in itertools.product(*choices)]


@lru_cache(maxsize=1)
def inflector() -> Inflector:
    """Give the one inflector of this process: its endings never change."""
    return Inflector()
