"""The table of names that ships in the wheel, read once a process. Built by ``tools/build_countries.py``."""

from __future__ import annotations

import gzip
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import msgspec

Value = int | list[int]
_MEMO_LIMIT = 100_000
# A prefix is stripped only where this many letters are left.
_STEM_LEAST = 3
_KOREAN_PARTICLES = frozenset(
    "가 이 는 은 를 을 의 에 와 과 도 로 으로 에서 에게 부터 까지 만 측 산 군 인 형 계 식 어 발 행 내 서 가의"
    " 에는 에도 에선 와의 과의 로의 에서도 에서는".split()
)


class Sense(msgspec.Struct, array_like=True, frozen=True):
    """What a name means, and under which conditions; the builder's docstrings say more."""

    # "country:RU", "country:RU country:UA" for a pair, "" for what only swallows a shorter name.
    id: str
    kind: str
    case: str
    languages: tuple[str, ...]
    surfaces: frozenset[str]
    rules: tuple[str, ...]


class Table(msgspec.Struct, frozen=True):
    """All names: those of one word, and those of several by their first word."""

    inputs: str
    senses: list[Sense]
    single: dict[str, Value]
    several: dict[str, dict[str, Value]]
    organisation_follows: frozenset[str]
    may_precede: frozenset[str]
    prefixes: dict[str, list[str]]


class Start(NamedTuple):
    """What may begin at a word: a name of one word, names of several by their further words."""

    single: Value | None
    # Further words joined by a space -> senses; None where no longer name begins so.
    several: dict[str, Value] | None
    # How many further words the longer names have, most first.
    lengths: tuple[int, ...]
    # Folded letters before the name (Arabic and Hebrew prefixes) and behind it (Korean particles).
    prefix: str = ""
    suffix: str = ""


class Starts(dict[str, Start | None]):
    """What may begin at each word met, computed once; forgets all when it grows too large."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __missing__(self, word: str) -> Start | None:
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        found = self[word] = self._exact(word) or self._stripped(word)
        return found

    def _exact(self, word: str) -> Start | None:
        single, several = self.table.single.get(word), self.table.several.get(word)
        if single is None and several is None:
            return None
        lengths = sorted({rest.count(" ") + 1 for rest in several or ()}, reverse=True)
        return Start(single, several, tuple(lengths))

    def _stripped(self, word: str) -> Start | None:
        if word.isascii() or len(word) < _STEM_LEAST:
            return None
        if "\u0621" <= word[0] <= "\u064a":
            return self._without_prefix(word, "ar") or self._arabic_article(word)
        if "\u05d0" <= word[0] <= "\u05ea":
            return self._without_prefix(word, "he")
        if "\uac00" <= word[0] <= "\ud7a3":
            return self._without_particle(word)
        return None

    def _without_prefix(self, word: str, language: str) -> Start | None:
        for prefix in self.table.prefixes[language]:
            if word.startswith(prefix) and len(word) - len(prefix) >= _STEM_LEAST:
                found = self._exact(word[len(prefix) :])
                if found is not None:
                    return found._replace(prefix=prefix)
        return None

    def _arabic_article(self, word: str) -> Start | None:
        """The article's alif is lost after the preposition: لل stands for ل + ال."""
        for prefix in ("ل", "ول", "فل"):
            if word.startswith(prefix + "ل") and len(word) - len(prefix) > _STEM_LEAST:
                found = self._exact("ا" + word[len(prefix) :])
                if found is not None:
                    return found._replace(prefix=prefix)
        return None

    def _without_particle(self, word: str) -> Start | None:
        for length in (3, 2, 1):
            if len(word) - length >= 2 and word[-length:] in _KOREAN_PARTICLES:
                found = self._exact(word[:-length])
                if found is not None:
                    return found._replace(suffix=word[-length:])
        return None


@lru_cache(maxsize=1)
def load() -> Starts:
    """Read the shipped table; about 0.1 s the first time."""
    raw = (resources.files("pipelines.entities") / "data" / "countries.json.gz").read_bytes()
    return Starts(msgspec.json.decode(gzip.decompress(raw), type=Table))
