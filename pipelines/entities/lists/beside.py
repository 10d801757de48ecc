"""Words that, beside a country's or city's name, make it part of something else: data/things.tsv, data/features.tsv."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pipelines.entities.lists.read import rows
from pipelines.text.tokens import words_of

# What Arabic and Hebrew write together with a word; a form that does not exist costs nothing.
_PREFIXES = {"ar": "و ف ب ك ل ال وال بال لل فال كال وب ول".split(), "he": "ו ה ב ל מ ש וה שה וב ול".split()}


@dataclass(frozen=True, slots=True)
class Beside:
    """Folded words of one language that stand on one side of a name, and beginnings of others."""

    words: frozenset[str]
    beginnings: tuple[str, ...]
    # The first letters of the beginnings, as many as the shortest has: a cheap look before all are compared.
    openings: frozenset[str]
    opening: int

    def __contains__(self, word: str) -> bool:
        return word in self.words or (word[: self.opening] in self.openings and word.startswith(self.beginnings))


@dataclass(frozen=True, slots=True)
class Sides:
    """What stands on either side of a name in one language."""

    before: Beside
    after: Beside
    # What takes a country's name only, not its adjective: a street of France, but not a French one.
    before_name: frozenset[str]
    after_name: frozenset[str]
    # As they are written behind a name, where words are single characters; empty elsewhere. False where a longer
    # word means the country after all (航空, but not 航空业).
    written_after: dict[str, bool]


@lru_cache(maxsize=128)
def sides(file: str, language: str) -> Sides:
    """Give the words of a language; without a language English ones."""
    written = {
        word.removeprefix("+"): not word.startswith("+")
        for row in rows(file)
        if row[0] == "zh" and language == "zh"
        for word in row[2].split()
    }
    return Sides(
        _beside(file, language, "before"),
        _beside(file, language, "after"),
        _beside(file, language, "before-name").words,
        _beside(file, language, "after-name").words,
        written,
    )


@dataclass(frozen=True, slots=True)
class StateWords:
    """What beside a name that is a common word too makes it a country's: data/state_words.tsv says which is which."""

    before: frozenset[str]
    behind: Beside
    dealing: frozenset[str]
    deed: frozenset[str]


@lru_cache(maxsize=64)
def state_words(language: str) -> StateWords:
    """Give the words of a language; without a language English ones."""
    before, behind, dealing, deed = (
        _beside("state_words.tsv", language, use) for use in ("before", "behind", "dealing", "deed")
    )
    return StateWords(before.words, behind, dealing.words, deed.words)


def _beside(file: str, language: str, side: str) -> Beside:
    words: set[str] = set()
    beginnings: set[str] = set()
    for row in rows(file):
        if row[0] == (language or "en") and row[1] == side:
            for written in row[2].split():
                folded = " ".join(words_of(written.rstrip("*")))
                (beginnings if written.endswith("*") else words).add(folded)
                if side.startswith("before"):
                    words.update(prefix + folded for prefix in _PREFIXES.get(row[0], ()))
    beginnings.discard("")
    opening = min(map(len, beginnings), default=0)
    return Beside(
        frozenset(words), tuple(sorted(beginnings)), frozenset(word[:opening] for word in beginnings), opening
    )
