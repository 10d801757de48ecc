"""Generates the spellings that other languages' papers give a name: by the rules of ``translit.tsv``."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from pipelines.entities.lists.read import rows
from pipelines.text.tokens import fold

_LIMIT = 12
_LOOKED_AT = 4000
_VOWELS = frozenset("аеёиоуыэюяіїєьъ'aeiou")
_LONGEST = 4
# Languages without a table of their own are spelled by Russian's.
_TABLES = frozenset(("ru", "uk", "en"))

Rules = dict[str, dict[str, list[str]]]


class Speller:
    """Spells words of one language in the letters of another."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str], Rules] = defaultdict(dict)
        for source, target, where, letters, alternatives in (row[:5] for row in rows("translit.tsv")):
            spelled = ["" if one == "-" else one for one in alternatives.split()]
            self._rules[source, target].setdefault(letters, {})[where] = spelled

    def spellings(self, source: str, target: str, word: str) -> list[str]:
        """Give the spellings that the target language's papers print, commonest first, at most 12."""
        base = source if source in _TABLES else "ru"
        tables = [self._rules[key] for key in ((source, target), (base, target), (base, "*")) if key in self._rules]
        choices: list[list[str]] = []
        place, word = 0, word.lower()
        while place < len(word):
            size, alternatives = next(
                found
                for size in range(_LONGEST, 0, -1)
                if (found := _at(tables, word, place, size)) is not None
            )  # fmt: skip
            choices.append(alternatives)
            place += size
        return list(dict.fromkeys(map("".join, itertools.islice(_likeliest_first(choices), _LIMIT))))


@lru_cache(maxsize=1)
def speller() -> Speller:
    """Give the one speller of this process: its rules never change."""
    return Speller()


def _at(tables: list[Rules], word: str, place: int, size: int) -> tuple[int, list[str]] | None:
    letters = word[place : place + size]
    if len(letters) < size:
        return None
    for table in tables:
        found = table.get(letters, {})
        if place == 0 and "start" in found:
            return size, found["start"]
        if place + size == len(word) and "end" in found:
            return size, found["end"]
        if place and word[place - 1] in _VOWELS and "vowel" in found:
            return size, found["vowel"]
        if "any" in found:
            return size, found["any"]
    return (1, [letters]) if size == 1 else None


def _likeliest_first(choices: list[list[str]]) -> Iterator[tuple[str, ...]]:
    """Give combinations by how far they are from the first of each choice."""
    ranked = sorted(
        itertools.islice(itertools.product(*(list(enumerate(options)) for options in choices)), _LOOKED_AT),
        key=lambda parts: sum(rank for rank, _ in parts),
    )
    return (tuple(letters for _, letters in parts) for parts in ranked)


def script_of(text: str) -> str:
    """Name the script of a name's first letter."""
    char = (fold(text) or " ")[0]
    for first, last, name in (
        ("\u0370", "\u03ff", "greek"), ("\u0400", "\u052f", "cyrillic"), ("\u0530", "\u058f", "armenian"),
        ("\u0590", "\u05ff", "hebrew"), ("\u0600", "\u06ff", "arabic"), ("\u0900", "\u097f", "devanagari"),
        ("\u10a0", "\u10ff", "georgian"), ("\u1200", "\u137f", "ethiopic"), ("\u3040", "\u30ff", "kana"),
        ("\u3400", "\u9fff", "han"), ("\uac00", "\ud7a3", "hangul"),
    ):  # fmt: skip
        if first <= char <= last:
            return name
    return "latin"
