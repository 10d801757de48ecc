"""The compiled tokeniser: the words of a title and a text as arrays, equal to ``tokenize`` and ``number_units``.

Words are told apart by a 64-bit hash of their folded code points. Only importing this needs numba.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit

from pipelines.text import tokens as plain
from pipelines.text.sentences import ABBREVIATIONS, HARD_STOPS, SOFT_STOPS

# No letter stands beyond; what does is a separator.
_CHARS = 0x40000
_START, _MARK, _JOINER, _SINGLE = 1, 2, 4, 8
_NEWLINE, _SPACE, _HARD, _SOFT, _DOT, _LOWER, _COMPLEX = 16, 32, 64, 128, 256, 512, 1024
_FACTOR = 0x9E3779B97F4A7C15
# For compiled code, which keeps to 64 bits by itself.
FACTOR = np.uint64(_FACTOR)
ONE = np.uint64(1)
_K, _ONE = FACTOR, ONE
_DROP = -1
# Caseless scripts of single characters that fold to themselves.
_PLAIN_RANGES = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xAC00, 0xD7A4), (0x20000, 0x2F800), (0x30000, _CHARS))
_JAMO = ((0x1100, 0x1200), (0xA960, 0xA980), (0xD7B0, 0xD800))

# Rows of the token scratch.
STARTS, ENDS, SENTENCE, PARAGRAPH, FOLDED_AT, FOLDED_LENGTH = range(6)
ROWS = 6
# Places of the counts that ``tokenise`` gives.
COUNT, TITLE_COUNT, LEAD_END, COMPLEX_COUNT, FOLDED_COUNT = range(5)

Array = Any


def hash_word(folded: str) -> int:
    """Give the hash under which the compiled code knows a folded word."""
    value = 0
    for char in folded:
        value = (value + ord(char) + 1) * _FACTOR & 0xFFFFFFFFFFFFFFFF
    return value


@lru_cache(maxsize=1)
def tables() -> tuple[Array, Array, Array, Array]:
    """Give classes (uint16) and folds (int32) by code point, long folds, and hashes of abbreviations.

    A fold is a code point, -1 for nothing, or -2 - i for the list at i of the long folds (length first).
    """
    classes = np.zeros(_CHARS + 1, np.uint16)
    folds = np.arange(_CHARS + 1, dtype=np.int32)
    long: list[int] = []
    for number in range(_CHARS):
        char = chr(number)
        if char.isalnum():
            classes[number] |= _START
        if char.isspace():
            classes[number] |= _SPACE
        if char.islower():
            classes[number] |= _LOWER
    for ranges, bit in (
        (plain.MARK_RANGES, _MARK),
        (plain.JOINER_RANGES, _JOINER),
        (plain.SINGLE_RANGES, _SINGLE),
    ):
        for first, last in ranges:
            classes[first : min(last, _CHARS - 1) + 1] |= np.uint16(bit)
    singles = (classes & _SINGLE) != 0
    classes[singles] &= ~np.uint16(_START)
    for first, last in plain.APOSTROPHE_RANGES:
        classes[first : last + 1] &= ~np.uint16(_START)
    for char in HARD_STOPS:
        classes[ord(char)] |= _HARD
    for char in SOFT_STOPS:
        classes[ord(char)] |= _DOT if char == "." else _SOFT
    classes[ord("\n")] |= _NEWLINE
    inside = np.flatnonzero(classes & (_START | _MARK | _JOINER | _SINGLE))
    is_plain = np.zeros(_CHARS + 1, np.bool_)
    for first, behind in _PLAIN_RANGES:
        is_plain[first:behind] = True
    for number in inside[~is_plain[inside]].tolist():
        folded = _fold_alone(chr(number), int(classes[number]))
        if folded is None:
            classes[number] |= _COMPLEX
        elif len(folded) == 1:
            folds[number] = ord(folded)
        elif not folded:
            folds[number] = _DROP
        else:
            folds[number] = -2 - len(long)
            long += [len(folded), *map(ord, folded)]
    abbreviations = np.array(sorted(map(hash_word, ABBREVIATIONS)), np.uint64)
    return classes, folds, np.array(long or [0], np.int32), abbreviations


def _fold_alone(char: str, kind: int) -> str | None:
    """Give the fold of a character that does not depend on its neighbours; None where it may."""
    if kind & _JOINER:
        return ""
    number = ord(char)
    if kind & _MARK or any(first <= number < behind for first, behind in _JAMO):
        return None
    taken_apart = unicodedata.normalize("NFKD", char)
    if unicodedata.combining(taken_apart[0]) or not taken_apart[0].isalnum():
        return None
    folded = plain.fold(char)
    # Some leave nothing inside a word, and stay only where they are all of it.
    return folded if plain.fold(f"a{char}") == f"a{folded}" else None


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba is untyped
def tokenise(
    chars: Array, title_length: int, lead_limit: int, classes: Array, folds: Array, long: Array,
    abbreviations: Array, tokens: Array, hashes: Array, folded: Array, counts: Array,
) -> None:  # fmt: skip
    """Cut the code points of a title and, right behind it, of a text.

    ``tokens`` (ROWS x n), ``hashes`` (n) and ``folded`` take the words; offsets are each part's own. The hash
    of a word whose fold depends on neighbours is left to the caller: ``tokens[FOLDED_LENGTH]`` is -1 there.
    """
    last = len(classes) - 1
    length = len(chars)
    count = at = complex_count = 0
    sentence = paragraph = 0
    title_count = -1
    lead_end = 0
    i = 0
    # What was seen between the last word and here.
    lines = pending = 0
    is_hard = is_stopped = is_doubtful = False
    previous_length = 0
    base = 0
    while True:
        if title_count < 0 and i >= title_length:
            title_count = count
            tokens[STARTS, count] = 0
            tokens[ENDS, count] = 0
            tokens[FOLDED_AT, count] = at
            tokens[FOLDED_LENGTH, count] = 0
            hashes[count] = np.uint64(0)
            if count:
                sentence += 1
                paragraph += 1
            else:
                sentence = 1
                paragraph = 1
            tokens[SENTENCE, count] = sentence
            tokens[PARAGRAPH, count] = paragraph
            count += 1
            sentence += 1
            paragraph += 1
            lead_end = count
            base = title_length
            lines = pending = 0
            is_hard = is_stopped = is_doubtful = False
            previous_length = 0
        if i >= length:
            break
        c = chars[i]
        kind = classes[c] if c < last else classes[last]
        if not kind & (_START | _SINGLE):
            if kind & (_NEWLINE | _SPACE | _HARD | _SOFT | _DOT):
                if kind & _NEWLINE:
                    lines += 1
                if kind & _HARD:
                    is_hard = True
                elif kind & _SOFT:
                    pending = 2
                elif kind & _DOT:
                    pending = 2 if pending else 1
                elif kind & _SPACE:
                    is_stopped = is_stopped or pending == 2
                    is_doubtful = is_doubtful or pending == 1
            i += 1
            continue
        end = title_length if i < title_length else length
        first_kind = kind
        start, begin = i, at
        wanted = _MARK if kind & _SINGLE else _START | _MARK | _JOINER
        value = np.uint64(0)
        is_complex = False
        while True:
            if kind & _COMPLEX:
                is_complex = True
            fold = folds[c]
            if fold >= 0:
                value = (value + np.uint64(fold) + _ONE) * _K
                folded[at] = fold
                at += 1
            elif fold < _DROP:
                place = -2 - fold
                for j in range(place + 1, place + 1 + long[place]):
                    value = (value + np.uint64(long[j]) + _ONE) * _K
                    folded[at] = long[j]
                    at += 1
            i += 1
            if i >= end:
                break
            c = chars[i]
            kind = classes[c] if c < last else classes[last]
            if not kind & wanted or (kind & _SINGLE and not kind & _MARK):
                break
        if count and previous_length:
            if lines > 1:
                paragraph += 1
            is_end = lines > 0 or is_hard or is_stopped
            if not is_end and is_doubtful and previous_length > 1 and not first_kind & _LOWER:
                before = hashes[count - 1]
                known = np.searchsorted(abbreviations, before)
                is_end = known == len(abbreviations) or abbreviations[known] != before
            if is_end:
                sentence += 1
        tokens[STARTS, count] = start - base
        tokens[ENDS, count] = i - base
        tokens[SENTENCE, count] = sentence
        tokens[PARAGRAPH, count] = paragraph
        tokens[FOLDED_AT, count] = begin
        tokens[FOLDED_LENGTH, count] = at - begin
        hashes[count] = value
        if is_complex:
            tokens[FOLDED_LENGTH, count] = -1
            complex_count += 1
        if title_count >= 0 and i - base <= lead_limit:
            lead_end = count + 1
        previous_length = i - start
        count += 1
        lines = pending = 0
        is_hard = is_stopped = is_doubtful = False
    counts[COUNT] = count
    counts[TITLE_COUNT] = title_count
    counts[LEAD_END] = lead_end
    counts[COMPLEX_COUNT] = complex_count
    counts[FOLDED_COUNT] = at


class Scanner:
    """Scratch of one process for the words of one item at a time. Not for several threads."""

    def __init__(self, lead_limit: int = 300) -> None:
        self.lead_limit = lead_limit
        self.classes, self.folds, self.long, self.abbreviations = tables()
        self.counts = np.zeros(5, np.int64)
        self.title = self.text = ""
        self.chars = np.zeros(0, np.uint32)
        self._memo: dict[str, tuple[int, Array]] = {}
        self._grow(4096)

    def _grow(self, length: int) -> None:
        self._room = length
        self.tokens = np.zeros((ROWS, length + 3), np.int32)
        self.hashes = np.zeros(length + 3, np.uint64)
        # A character folds to 18 at most (U+FDFA).
        self.folded = np.zeros(18 * length + 64, np.uint32)

    def take(self, title: str, text: str) -> None:
        """Take the code points of both, and make room for their words; nothing is cut yet."""
        whole = title + text
        if len(whole) > self._room:
            self._grow(2 * len(whole))
        self.title, self.text = title, text
        self.chars = np.frombuffer(whole.encode("utf-32-le", "surrogatepass"), np.uint32)

    def scan(self, title: str, text: str) -> None:
        """Cut a title and a text; the arrays hold them until the next call."""
        self.take(title, text)
        tokenise(
            self.chars, len(title), self.lead_limit, self.classes, self.folds, self.long, self.abbreviations,
            self.tokens, self.hashes, self.folded, self.counts,
        )  # fmt: skip
        self.fold_rest()

    def is_title(self, place: int) -> bool:
        """Say whether a word stands in the title."""
        return bool(place < self.counts[TITLE_COUNT])

    def offsets(self, first: int, last: int) -> tuple[int, int]:
        """Give where the words ``first`` to ``last`` begin and end in the title or text that holds them."""
        return int(self.tokens[STARTS, first]), int(self.tokens[ENDS, last])

    def fold_rest(self) -> None:
        """Fold the words whose characters depend on each other, as ``fold`` does."""
        count, title_count, _, complex_count, at = self.counts.tolist()
        if not complex_count:
            return
        for place in np.flatnonzero(self.tokens[FOLDED_LENGTH, :count] < 0).tolist():
            start, end = self.offsets(place, place)
            surface = (self.title if place < title_count else self.text)[start:end]
            known = self._memo.get(surface)
            if known is None:
                if len(self._memo) > 100_000:
                    self._memo.clear()
                folded = plain.fold(surface)
                known = hash_word(folded), np.array(list(map(ord, folded)), np.uint32)
                self._memo[surface] = known
            value, letters = known
            if at + len(letters) > len(self.folded):
                self.folded = np.concatenate([self.folded, np.zeros(len(self.folded) + len(letters), np.uint32)])
            self.folded[at : at + len(letters)] = letters
            self.tokens[FOLDED_AT, place], self.tokens[FOLDED_LENGTH, place] = at, len(letters)
            self.hashes[place] = np.uint64(value)
            at += len(letters)
