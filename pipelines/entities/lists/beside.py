"""Words that, beside a country's or city's name, make it part of something else: data/things.tsv, data/features.tsv."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pipelines.entities.lists.read import rows
from pipelines.text.tokens import words_of


@dataclass(frozen=True, slots=True)
class Beside:
    """Folded words of one language that stand on one side of a name, and beginnings of others."""

    words: frozenset[str]
    beginnings: tuple[str, ...]

    def __contains__(self, word: str) -> bool:
        return word in self.words or (bool(self.beginnings) and word.startswith(self.beginnings))


@lru_cache(maxsize=128)
def beside(file: str, language: str, side: str) -> Beside:
    """Give the words of a language and a side, "before" or "after"; without a language English ones."""
    words: set[str] = set()
    beginnings: set[str] = set()
    for row in rows(file):
        if row[0] == (language or "en") and row[1] == side:
            for written in row[2].split():
                folded = " ".join(words_of(written.rstrip("*")))
                (beginnings if written.endswith("*") else words).add(folded)
    return Beside(frozenset(words), tuple(sorted(beginnings - {""})))
