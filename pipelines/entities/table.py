"""The gazetteer that ships in the wheel: a mapped file, of which only what a text's words need is decoded.

Built by ``python -m tools.gazetteer``. Layout, little-endian: magic; counts of words and senses; CRC-32 of each
first word, ascending; where each record begins (header, words, senses; then the end); the records, msgpack.
"""

from __future__ import annotations

import mmap
import struct
import sys
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any

import msgspec
from msgspec.structs import replace

MAGIC = b"wwgaz01\n"
Value = int | list[int] | None
_MEMO_LIMIT = 100_000
# A prefix is stripped only where this many letters are left.
_STEM_LEAST = 3
# Whose given names may stand behind the surname.
FAMILY_FIRST = frozenset("CN TW HK SG KR KP JP VN KH HU MM".split())
_KOREAN_PARTICLES = frozenset(
    "가 이 는 은 를 을 의 에 와 과 도 로 으로 에서 에게 부터 까지 만 측 산 군 인 형 계 식 어 발 행 내 서 가의"
    " 에는 에도 에선 와의 과의 로의 에서도 에서는".split()
)

# Latin letters that look like Cyrillic ones, folded.
_LOOK_ALIKES = {
    "a": "а",
    "c": "с",
    "e": "е",
    "i": "і",
    "k": "к",
    "m": "м",
    "o": "о",
    "p": "р",
    "t": "т",
    "x": "х",
    "y": "у",
}
_CYRILLIC_OF = str.maketrans(_LOOK_ALIKES)
_LATIN_OF = str.maketrans({cyrillic: latin for latin, cyrillic in _LOOK_ALIKES.items()})


class Sense(msgspec.Struct, array_like=True, frozen=True):
    """What a name means, and under which conditions; the builder's ``Sense`` says more."""

    # "country:RU", "country:RU country:UA" for a pair, "" for what only swallows a shorter name.
    id: str
    kind: str
    case: str
    languages: tuple[str, ...] = ()
    surfaces: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    # ISO codes of the countries that it implies.
    countries: tuple[str, ...] = ()
    # Power of ten of the people who live there.
    weight: float = 0.0
    # GeoNames id of the first-level unit around a place; 0 none.
    unit: int = 0
    type: str = ""
    flags: frozenset[str] = frozenset()
    # Persons: given names in all their forms.
    given: frozenset[str] = frozenset()


class GivenNames(msgspec.Struct, frozen=True):
    """What may stand beside a surname, for a cheap look before the whole names are compared."""

    # The last words of given names, and the first words of those that may stand behind the surname.
    ends: frozenset[str]
    begins: frozenset[str]
    # How many words they have at most.
    most: int


class Senses(tuple[Sense, ...]):
    """What one name may mean, with what the finder asks of all of it."""

    # True where a capital first letter is the only condition; the persons, the rest; True where a role is among it.
    is_plain: bool
    persons: tuple[Sense, ...]
    others: tuple[Sense, ...]
    has_role: bool
    # True where a person's name needs no given name.
    has_whole: bool

    @classmethod
    def of(cls, senses: Iterable[Sense]) -> Senses:
        """Make one."""
        made = cls(senses)
        made.is_plain = all(
            one.case == "capital" and not one.rules and not one.languages and one.kind not in ("country", "", "role")
            for one in made
        )
        made.persons = tuple(one for one in made if one.kind == "person")
        made.others = tuple(one for one in made if one.kind != "person")
        made.has_role = any(one.kind == "role" for one in made)
        made.has_whole = any("whole" in one.flags for one in made.persons)
        return made

    @cached_property
    def given(self) -> GivenNames:
        """Given names of its persons; looked through when a text first has the surname."""
        family_first = [one for one in self.persons if one.countries[0] in FAMILY_FIRST]
        return GivenNames(
            frozenset(name.rpartition(" ")[2] for one in self.persons for name in one.given),
            frozenset(name.partition(" ")[0] for one in family_first for name in one.given),
            max((name.count(" ") + 1 for one in self.persons for name in one.given), default=0),
        )


_NONE = Senses.of(())


class Start(msgspec.Struct, frozen=True):
    """What may begin at a word: a name of one word, names of several by their further words."""

    single: Senses
    # Further words joined by a space -> senses; None where no longer name begins so.
    several: dict[str, Senses] | None
    # How many further words the longer names have, most first; and which words may be the first of them.
    lengths: tuple[int, ...]
    seconds: frozenset[str]
    # True where none of its names may begin with a small letter.
    needs_capital: bool
    # Folded letters before the name (Arabic and Hebrew prefixes) and behind it (Korean particles).
    prefix: str = ""
    suffix: str = ""
    # True where letters of another alphabet stood in for look-alikes.
    is_spoofed: bool = False

    @classmethod
    def of(cls, single: Senses, several: dict[str, Senses] | None, *, needs_capital: bool) -> Start:
        """Make a start, its lengths and second words counted."""
        lengths = sorted({rest.count(" ") + 1 for rest in several or ()}, reverse=True)
        seconds = frozenset(rest.partition(" ")[0] for rest in several or ())
        return cls(single, several or None, tuple(lengths), seconds, needs_capital)


class Header(msgspec.Struct, frozen=True):
    """Lists that come with the names."""

    # Digest of the lists in the tree that the table was built from.
    inputs: str
    # What each list is for: tools/data/entities/context_en.tsv, column 2.
    organisation_follows_country: frozenset[str]
    organisation_follows: frozenset[str]
    organisation_before_of: frozenset[str]
    person_title_before: frozenset[str]
    personish: frozenset[str]
    may_precede: frozenset[str]
    compass: frozenset[str]
    not_a_first_name: frozenset[str]
    first_names: frozenset[str]
    # The last words of all listed persons' given names, in all forms.
    given_names: frozenset[str]
    # Place names that are common words, by language: a place only with a reason.
    common_words: dict[str, frozenset[str]]
    prefixes: dict[str, list[str]]
    # US state abbreviations -> GeoNames id.
    states: dict[str, int]
    # "ru-president" -> [person, first year, last year]
    holders: dict[str, list[tuple[str, int, int]]]
    # Person -> "ru-president", …
    offices: dict[str, list[str]]
    counts: dict[str, int]

    def with_own(
        self,
        holders: Mapping[str, list[tuple[str, int, int]]],
        offices: Mapping[str, list[str]],
        given_names: frozenset[str],
    ) -> Header:
        """Give these lists with a desk's own added."""
        together = {key: [*self.holders.get(key, ()), *found] for key, found in holders.items()}
        return replace(
            self,
            holders={**self.holders, **together},
            offices={**self.offices, **offices},
            given_names=self.given_names | given_names,
        )


class _Word(msgspec.Struct, array_like=True, frozen=True):
    word: str
    may_be_lower: bool
    single: Value
    several: dict[str, Value] | None


class Table:
    """The mapped file. Decodes a word's names when they are first asked for."""

    def __init__(self, raw: bytes | mmap.mmap) -> None:
        """Open a table. Errors: ValueError for a file that is none."""
        if raw[: len(MAGIC)] != MAGIC:
            raise ValueError("no gazetteer")
        self._raw = raw
        at = len(MAGIC) + 8
        self._words, self._senses = struct.unpack("<II", raw[len(MAGIC) : at])
        behind = at + 4 * self._words
        view = memoryview(raw)
        if sys.byteorder != "little":
            raise ValueError("the gazetteer needs a little-endian machine")
        self._hashes = view[at:behind].cast("I")
        count = 1 + self._words + self._senses
        self._base = behind + 4 * (count + 1)
        self._offsets = view[behind : self._base].cast("I")
        self._word = msgspec.msgpack.Decoder(_Word).decode
        self._sense = msgspec.msgpack.Decoder(Sense).decode
        self._memo: dict[int, Sense] = {}
        self.header = msgspec.msgpack.decode(self._record(0), type=Header)

    def _record(self, number: int) -> bytes:
        return self._raw[self._base + self._offsets[number] : self._base + self._offsets[number + 1]]

    def sense(self, number: int) -> Sense:
        """Give one sense, decoded once."""
        found = self._memo.get(number)
        if found is None:
            if len(self._memo) >= _MEMO_LIMIT:
                self._memo.clear()
            found = self._memo[number] = self._sense(self._record(1 + self._words + number))
        return found

    def senses(self, value: Value) -> Senses:
        """Give the senses that a stored value names."""
        if value is None:
            return _NONE
        return Senses.of(map(self.sense, value) if isinstance(value, list) else (self.sense(value),))

    def exact(self, word: str) -> Start | None:
        """Give what begins at a folded word as it is written; None where nothing does."""
        crc = zlib.crc32(word.encode("utf-8", "surrogatepass"))
        place = bisect_left(self._hashes, crc)
        while place < self._words and self._hashes[place] == crc:
            record = self._word(self._record(1 + place))
            if record.word == word:
                several = (
                    {rest: self.senses(value) for rest, value in record.several.items()} if record.several else None
                )
                return Start.of(self.senses(record.single), several, needs_capital=not record.may_be_lower)
            place += 1
        return None

    def all_senses(self) -> Iterable[Sense]:
        """Decode every sense, for lists and checks."""
        return (self._sense(self._record(1 + self._words + number)) for number in range(self._senses))


class Starts(dict[str, Start | None]):
    """What may begin at each word met, computed once; forgets all when it grows too large."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.header = table.header

    def __missing__(self, word: str) -> Start | None:
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        found = self[word] = self._exact(word) or self._stripped(word)
        return found

    def _exact(self, word: str) -> Start | None:
        return self.table.exact(word)

    def _stripped(self, word: str) -> Start | None:
        if word.isascii() or (len(word) < _STEM_LEAST and not "\u05d0" <= word[:1] <= "\u05ea"):
            return None
        if "\u0621" <= word[0] <= "\u064a":
            return self._without_prefix(word, "ar") or self._arabic_article(word)
        if "\u05d0" <= word[0] <= "\u05ea":
            return self._without_prefix(word, "he")
        if "\uac00" <= word[0] <= "\ud7a3":
            return self._without_particle(word)
        if "\u0400" <= max(word) <= "\u052f" and any(char in _LOOK_ALIKES for char in word):
            found = self._exact(word.translate(_CYRILLIC_OF)) or self._exact(word.translate(_LATIN_OF))
            return found and replace(found, is_spoofed=True)
        return None

    def _without_prefix(self, word: str, language: str) -> Start | None:
        for prefix in self.table.header.prefixes[language]:
            if word.startswith(prefix) and len(word) - len(prefix) >= _STEM_LEAST:
                found = self._exact(word[len(prefix) :])
                if found is not None:
                    return replace(found, prefix=prefix)
            elif word.startswith(prefix) and language == "he" and len(word) > len(prefix):
                # The rest of the name stands behind an apostrophe: ג'נבה, או"ם.
                found = self._exact(word[len(prefix) :])
                if found is not None and found.several:
                    return replace(found, single=_NONE, prefix=prefix)
        return None

    def _arabic_article(self, word: str) -> Start | None:
        """The article's alif is lost after the preposition: لل stands for ل + ال."""
        for prefix in ("ل", "ول", "فل"):
            if word.startswith(prefix + "ل") and len(word) - len(prefix) > _STEM_LEAST:
                found = self._exact("ا" + word[len(prefix) :])
                if found is not None:
                    return replace(found, prefix=prefix)
        return None

    def _without_particle(self, word: str) -> Start | None:
        for length in (3, 2, 1):
            if len(word) - length >= 2 and word[-length:] in _KOREAN_PARTICLES:
                found = self._exact(word[:-length])
                if found is not None:
                    return replace(found, suffix=word[-length:])
        return None


@lru_cache(maxsize=1)
def load() -> Starts:
    """Map the shipped table: a few milliseconds; its pages are shared by all processes of a machine."""
    source: Any = resources.files("pipelines.entities") / "data" / "gazetteer.bin"
    with resources.as_file(source) as path, path.open("rb") as file:
        return Starts(Table(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
