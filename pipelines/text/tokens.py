"""Words of every script, folded, with offsets into the text they stand in.

Offsets need no map: the text is cut as it is, and each word is folded by itself. A Han or Kana
character is a word of its own, so that a Chinese word is a phrase of its characters.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, compress, count
from operator import add, sub
from typing import Any

# Between title and text: no phrase reaches over it, no query can name it.
BOUNDARY = ""
_MEMO_LIMIT = 200_000
# From this many characters on, numpy finds the words' edges faster than lists do.
_LONG = 300


Ranges = tuple[tuple[int, int], ...]


def _mark_ranges() -> Ranges:
    """Combining marks, first and last: part of a word though ``\\w`` leaves them out."""
    ranges = [
        (0x0300, 0x036F), (0x0483, 0x0487), (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5),
        (0x05C7, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06DC), (0x06DF, 0x06E8),
        (0x06EA, 0x06ED), (0x0E31, 0x0E31), (0x0E34, 0x0E3A), (0x0E47, 0x0E4E), (0x0EB1, 0x0EB1), (0x0EB4, 0x0EBC),
        (0x0EC8, 0x0ECD), (0x102B, 0x103E), (0x1056, 0x1059), (0x17B4, 0x17D3), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF),
        (0x0F71, 0x0F84), (0x0F8D, 0x0FBC), (0x20D0, 0x20F0), (0xFE20, 0xFE2F),
    ]  # fmt: skip
    for block in range(0x0900, 0x0D80, 0x80):  # the Indic blocks share one layout
        ranges += [(block, block + 3), (block + 0x3A, block + 0x4F), (block + 0x51, block + 0x57)]
        ranges += [(block + 0x62, block + 0x63)]
    return tuple(ranges)


def _class(ranges: Ranges) -> str:
    """Write ranges as the inside of a character class."""
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


MARK_RANGES = _mark_ranges()
# Soft hyphen, ZWNJ, ZWJ, word joiner, byte order mark: inside a word they change nothing.
JOINER_RANGES = ((0xAD, 0xAD), (0x200C, 0x200D), (0x2060, 0x2060), (0xFEFF, 0xFEFF))
# Han and Kana, each a word.
SINGLE_RANGES = (
    (0x3005, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3041, 0x3096), (0x309D, 0x309F), (0x30A1, 0x30FA),
    (0x30FC, 0x30FF), (0x3192, 0x3195), (0x31F0, 0x31FF), (0x3220, 0x3229), (0x3280, 0x3289), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x3FFFF),
)  # fmt: skip
# Letters to Python, apostrophes or separators to readers; each is replaced by one character.
APOSTROPHE_RANGES = ((0x02B9, 0x02BF), (0x02C8, 0x02C8))
_MARKS, _JOINERS, _SINGLE = map(_class, (MARK_RANGES, JOINER_RANGES, SINGLE_RANGES))
_WORD = re.compile(f"(\\w[\\w{_MARKS}{_JOINERS}]*)")
# Cheap test for what only some texts hold: modifier letters, Han and Kana.
_RARE = re.compile("[ʹ-ˈ\u2e80-\ud7ff\uf900-\U0003ffff]")
_SINGLES = re.compile(f"[{_SINGLE}]")
_WORD_OR_SINGLE = re.compile(
    f"([{_SINGLE}][{_MARKS}]*|[^\\W{_SINGLE}][{_MARKS}{_JOINERS}]*(?:[^\\W{_SINGLE}]+[{_MARKS}{_JOINERS}]*)*)"
)
_APOSTROPHES = re.compile(f"[{_class(APOSTROPHE_RANGES)}]")

_LETTERS = str.maketrans(
    {
        # Arabic script: one letter for all its Arabic, Persian and Urdu shapes.
        "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ئ": "ي", "ے": "ي", "ې": "ي", "ؤ": "و", "ک": "ك",
        "ة": "ه", "ۀ": "ه", "ھ": "ه", "ە": "ه", "ہ": "ه", "ۂ": "ه", "ۃ": "ه", "ـ": None,
        # Cyrillic
        "ё": "е", "ў": "у",
        # Latin letters that no decomposition takes apart
        "ı": "i", "ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "ħ": "h",
        # Greek final sigma
        "ς": "σ",
    }
)  # fmt: skip
# One Kana character that would decompose into two words.
_DIGRAPHS = frozenset("ゟヿ")
_ARABIC_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
# Marks that make another letter of a Cyrillic one: й, ї.
_KEPT_AFTER_CYRILLIC = frozenset("\u0306\u0308")


def fold(word: str) -> str:
    """Give the form under which a word is compared, whatever its case, accents or letter shapes.

    Idempotent. Latin accents are dropped (Erdoğan = Erdogan), Cyrillic й and ї stay letters.
    """
    if word.isascii():
        return word.lower()
    if word in _DIGRAPHS:
        return word
    once = _fold_once(word)
    return once if once.isascii() else _fold_once(once)


def _fold_once(word: str) -> str:
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", word).casefold())
    kept: list[str] = []
    base = ""
    for char in folded:
        if not unicodedata.combining(char):
            is_letter = char.isalnum() and not _APOSTROPHES.match(char)
            if is_letter or (base and unicodedata.category(char) in ("Mn", "Mc")):
                kept.append(char)
                base = char
        elif ("\u0400" <= base <= "\u052f" and char in _KEPT_AFTER_CYRILLIC) or "\u0900" <= base <= "\u30ff":
            kept.append(char)
    composed = unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS).translate(_ARABIC_DIGITS)
    return composed or word


class Memo(dict[str, str]):
    """Folded form of every word met, computed once; forgets all when it grows too large."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        folded = self[word] = fold(word)
        return folded


_FOLDED = Memo()
_folded: Callable[[str], str] = _FOLDED.__getitem__


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a title and a text: parallel lists, title first, then ``BOUNDARY``, then text.

    Word ``i`` stands at ``starts[i]:ends[i]`` of the title (``i < title_count``) or of the text
    (``i > title_count``); offsets are code points.
    """

    title: str
    text: str
    words: list[str]
    starts: list[int]
    ends: list[int]
    title_count: int
    # First index past the words of the text's lead.
    lead_end: int

    def field(self, place: int) -> str:
        """Name the field in which a word stands: "title" or "text"."""
        return "title" if place < self.title_count else "text"

    def source(self, place: int) -> str:
        """Give the string that the offsets of a word point into."""
        return self.title if place < self.title_count else self.text

    def surface(self, first: int, last: int) -> str:
        """Give the words ``first`` to ``last`` (inclusive, of one field) as they were written."""
        return self.source(first)[self.starts[first] : self.ends[last]]


class _Charset:
    """A one-byte character set: a text that fits it is cut by a byte table, in half the time."""

    def __init__(self, name: str) -> None:
        self.name = name
        chars = [bytes([number]).decode(name, "replace") for number in range(256)]
        self._table = bytes(
            number if char.isalnum() and char not in "\ufffd" else 0x20 for number, char in enumerate(chars)
        )
        inside = re.compile(f"[{_MARKS}{_JOINERS}]|{_APOSTROPHES.pattern}")
        self._inside = bytes(number for number, char in enumerate(chars) if inside.match(char))

    def cut(self, text: str) -> tuple[list[str], list[int], list[int]] | None:
        """Cut a text; None where it holds what takes more than a table.

        Errors: UnicodeEncodeError for a text that does not fit.
        """
        raw = text.encode(self.name)
        if self._inside and len(raw.translate(None, self._inside)) != len(raw):
            return None
        spaced = raw.translate(self._table)
        if len(spaced) >= _LONG:
            edges = _edges(spaced)
            return spaced.decode(self.name).split(), edges[0::2], edges[1::2]
        words = spaced.decode(self.name).split(" ")
        lengths = list(map(len, words))
        ends = list(map(add, accumulate(lengths), count()))
        starts = map(sub, ends, lengths)
        # Two separators side by side leave an empty word.
        return list(filter(None, words)), list(compress(starts, lengths)), list(compress(ends, lengths))


@lru_cache(maxsize=1)
def _numpy() -> Any:
    """Import numpy when a long text first needs it: commands that read short ones start twice as fast."""
    return importlib.import_module("numpy")


def _edges(spaced: bytes) -> list[int]:
    """Give the offsets at which words start and end, in turn."""
    numpy = _numpy()
    inside = numpy.zeros(len(spaced) + 2, numpy.bool_)
    numpy.not_equal(numpy.frombuffer(spaced, numpy.uint8), 0x20, out=inside[1:-1])
    edges: list[int] = numpy.flatnonzero(inside[1:] != inside[:-1]).tolist()
    return edges


_CHARSETS = tuple(map(_Charset, ("cp1252", "cp1251", "cp1250", "cp1254", "cp1256")))
_ASCII = _Charset("ascii")


def _cut(text: str) -> tuple[list[str], list[int], list[int]]:
    """Cut a text into written words with their starts and ends."""
    for charset in (_ASCII,) if text.isascii() else _CHARSETS:
        try:
            return charset.cut(text) or _cut_any(text)
        except UnicodeEncodeError:
            continue
    return _cut_any(text)


def _cut_any(text: str) -> tuple[list[str], list[int], list[int]]:
    cutter = _WORD
    if not text.isascii() and _RARE.search(text):
        text = _APOSTROPHES.sub("'", text)
        if _SINGLES.search(text):
            cutter = _WORD_OR_SINGLE
    if "_" in text:
        text = text.replace("_", " ")
    parts = cutter.split(text)
    stops = list(accumulate(map(len, parts)))
    return parts[1::2], stops[0:-1:2], stops[1::2]


def words_of(text: str) -> list[str]:
    """Give the folded words of one text."""
    return _folded_cut(text)[0]


def _folded_cut(text: str) -> tuple[list[str], list[int], list[int]]:
    """Cut a text into folded words with their starts and ends."""
    if text.isascii():
        # Folding ASCII is lower case, which moves no offset: once for all words instead of one by one.
        return _cut(text.lower())
    words, starts, ends = _cut(text)
    return [*map(_folded, words)], starts, ends


def tokenize(title: str, text: str, lead_limit: int = 300) -> Tokens:
    """Cut a title and a text into folded words; the first ``lead_limit`` characters are the lead."""
    words, starts, ends = _folded_cut(title)
    title_count = len(words)
    text_words, text_starts, text_ends = _folded_cut(text)
    return Tokens(
        title=title,
        text=text,
        words=[*words, BOUNDARY, *text_words],
        starts=[*starts, 0, *text_starts],
        ends=[*ends, 0, *text_ends],
        title_count=title_count,
        lead_end=title_count + 1 + bisect_right(text_ends, lead_limit),
    )
