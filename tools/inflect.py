"""Generates the inflected forms of names for the tables that are built under ``tools``."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

INFLECTED = frozenset("ru uk pl cs bg sl de fr es".split())
_FORMS_LIMIT = 1500
_NOT_INFLECTED = frozenset(
    "и та й i a e y und et de la du del des da do dei der den die das of the and na nad pod v".split()
)


def rows(path: Path) -> Iterator[list[str]]:
    """Give the rows of a tab-separated file without its comments."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


class Inflector:
    """Generates a word's endings from ``inflections.tsv``: longest ending wins."""

    def __init__(self, path: Path) -> None:
        self._paradigms: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for row in rows(path):
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
