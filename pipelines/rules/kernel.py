"""The compiled matcher: runs a program over the words of one item. Equal to ``evaluate``; importing it needs numba.

All in one file but for ``layout.py``: numba's cache looks at this file alone, not at what a function calls elsewhere.

No Python object per word or hit: words are found by their hashes, a query is filed under its rarest words and is
touched only where a word of its second group is there too, phrases are looked at when somebody asks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from pipelines.rules import layout
from pipelines.rules.evaluate import EVIDENCE_LIMIT
from pipelines.rules.layout import (
    ALSO,
    ALSO_AT,
    BEGINNING,
    BEGINNING_AT,
    BEGINNING_SLOTS,
    BEGINNINGS,
    BY_TERM,
    BY_TERM_AT,
    CODE,
    CODE_AT,
    DEEPEST_STACK,
    LITERAL,
    LITERAL_AT,
    LONGEST_BEGINNING,
    POSTING,
    POSTING_AT,
    PROOF,
    PROOF_AT,
    SCOPE,
    SCOPE_AT,
    SHORTEST_BEGINNING,
    SLOTS,
    SPECIAL,
    SPECIAL_AT,
    TABLE,
    leaf_length,
    with_room,
)
from pipelines.text.kernel import (
    COMPLEX_COUNT,
    COUNT,
    ENDS,
    FACTOR,
    FOLDED_AT,
    FOLDED_LENGTH,
    LEAD_END,
    ONE,
    PARAGRAPH,
    SENTENCE,
    STARTS,
    TITLE_COUNT,
    tokenise,
)

Array = Any

_K, _ONE = FACTOR, ONE
_MIX = np.uint64(29)
_EVIDENCE_LIMIT = EVIDENCE_LIMIT
# What ``match`` gives in place of a count.
NEEDS_PYTHON, NEEDS_ROOM = -1, -2

_ANY, _LITERAL, _NEAR = layout.OP_ANY, layout.OP_LITERAL, layout.OP_NEAR
_SAME, _MANY = layout.OP_SAME, layout.OP_MANY
_ADD, _CHECK, _RESET = layout.OP_ADD, layout.OP_CHECK, layout.OP_RESET
_FACT, _AND, _OR, _NOT, _SCORE = layout.OP_FACT, layout.OP_AND, layout.OP_OR, layout.OP_NOT, layout.OP_SCORE
_WORDS = layout.OP_WORDS
_ACCEPT = layout.ACCEPT
_PATTERN, _CASED = layout.PATTERN, layout.CASED
_TITLE, _LEAD, _FIRST = layout.PARTS["title"], layout.PARTS["lead"], layout.FIRST_WORDS
# The half of a span's key that holds its last place.
_LAST = 0xFFFFFFFF
_QUESTION, _STAR = ord("?"), ord("*")


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]  # numba is untyped
def _look_up(p: Array, slots: int, table: int, value: np.uint64) -> int:
    """Place of a hash in a table, -1 where it is not."""
    mask = p[p[slots]]
    base = p[table]
    low = np.int32(value & np.uint64(0xFFFFFFFF))
    high = np.int32(value >> np.uint64(32))
    q = np.int64((value ^ (value >> _MIX)) & np.uint64(mask))
    while True:
        at = base + 3 * q
        found = p[at + 2]
        if found < 0:
            return -1
        if p[at] == low and p[at + 1] == high:
            return found
        q = (q + 1) & mask


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _stands(p: Array, term: int, place: int, tokens: Array, folded: Array, chars: Array, base: int) -> bool:
    """Whether a word that a look-up led to is what a pattern or a cased term says."""
    at = p[p[SPECIAL_AT] + term]
    end = p[p[SPECIAL_AT] + term + 1]
    if at == end:
        return True
    at += p[SPECIAL]
    end += p[SPECIAL]
    kind = p[at]
    at += 1
    length = end - at
    if kind == _CASED:
        start = base + tokens[STARTS, place]
        if base + tokens[ENDS, place] - start != length:
            return False
        for i in range(length):
            if chars[start + i] != p[at + i]:
                return False
        return True
    is_open = p[end - 1] == _STAR
    if is_open:
        length -= 1
    have = tokens[FOLDED_LENGTH, place]
    if have < length or (have > length and not is_open):
        return False
    start = tokens[FOLDED_AT, place]
    for i in range(length):
        if p[at + i] != _QUESTION and p[at + i] != folded[start + i]:
            return False
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _next(
    p: Array, literal: int, after: int, low: int, behind: int, d: int, state: Array, words: Array,
    extra_at: Array, extras: Array, places: Array, onward: Array,
) -> int:  # fmt: skip
    """Next occurrence of a literal inside an extent; ``after`` -1 begins. Gives a link of its rarest word, or -1."""
    at = p[LITERAL] + p[p[LITERAL_AT] + literal]
    length = p[LITERAL] + p[p[LITERAL_AT] + literal + 1] - at - 1
    rarest = p[at]
    at += 1
    term = p[at + rarest]
    if term < 0:
        term = -1 - term
    if after < 0:
        if state[2 * term] != d:
            return -1
        link = state[2 * term + 1]
    else:
        link = onward[after]
    while link >= 0:
        start = places[link] - rarest
        if start + length > behind:
            return -1
        if start >= low:
            is_found = True
            for step in range(length):
                if step == rarest:
                    continue
                wanted = p[at + step]
                place = start + step
                if wanted >= 0:
                    if words[place] != wanted:
                        is_found = False
                        break
                else:
                    is_found = False
                    for k in range(extra_at[place], extra_at[place + 1]):
                        if extras[k] == -1 - wanted:
                            is_found = True
                            break
                    if not is_found:
                        break
            if is_found:
                return link
        link = onward[link]
    return -1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _gather(
    p: Array, pc: int, low: int, behind: int, d: int, state: Array, words: Array, extra_at: Array, extras: Array,
    places: Array, onward: Array,
) -> Array:  # fmt: skip
    """Spans of a choice of literals, as sorted keys ``first << 32 | last``, each once."""
    count = p[pc]
    found = np.empty(16, np.int64)
    n = 0
    for i in range(count):
        literal = p[pc + 1 + i]
        at = p[LITERAL] + p[p[LITERAL_AT] + literal]
        length = p[LITERAL] + p[p[LITERAL_AT] + literal + 1] - at - 1
        link = _next(p, literal, -1, low, behind, d, state, words, extra_at, extras, places, onward)
        while link >= 0:
            found = with_room(found, n + 1)
            first = np.int64(places[link] - p[at])
            found[n] = (first << 32) | (first + length - 1)
            n += 1
            link = _next(p, literal, link, low, behind, d, state, words, extra_at, extras, places, onward)
    found = found[:n]
    if count > 1 and n > 1:
        found.sort()
        kept = 1
        for i in range(1, n):
            if found[i] != found[i - 1]:
                found[kept] = found[i]
                kept += 1
        found = found[:kept]
    return found


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _is_near(end: int, start: int, distance: int, boundary: int) -> bool:
    """Whether a word begins near enough behind the end of another, both in the title or both in the text."""
    return start - end <= distance and not end < boundary < start


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _first_from(ordered: Array, least: int) -> int:
    """Place of the first value that is not below another. numba's own search brings twenty times the code."""
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) >> 1
        if ordered[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _behind(one: Array, other: Array, distance: int, boundary: int, marks: Array, others: Array, is_all: bool) -> bool:
    """Mark the spans of ``one`` behind which one of ``other`` begins near enough, and those of ``other`` that do."""
    is_any = False
    for i in range(len(one)):
        end = one[i] & _LAST
        k = _first_from(other, (end + 1) << 32)
        if k < len(other) and _is_near(end, other[k] >> 32, distance, boundary):
            is_any = True
            if not is_all:
                return True
            marks[i] = 1
    if is_any:
        # Ends may be out of order where the literals differ in length.
        ends = np.empty(len(one), np.int64)
        for i in range(len(one)):
            ends[i] = one[i] & _LAST
        ends.sort()
        for j in range(len(other)):
            start = other[j] >> 32
            k = _first_from(ends, start)
            if k > 0 and _is_near(ends[k - 1], start, distance, boundary):
                others[j] = 1
    return is_any


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _begins_in(spans: Array, units: Array, unit: int) -> int:
    """Place of the first span that begins in a unit or behind it."""
    low, high = 0, len(spans)
    while low < high:
        middle = (low + high) >> 1
        if units[spans[middle] >> 32] < unit:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _beside(one: Array, other: Array, units: Array, marks: Array, is_all: bool) -> bool:
    """Mark the spans of ``one`` in whose unit one of ``other`` begins that does not overlap them."""
    is_any = False
    for i in range(len(one)):
        first = one[i] >> 32
        end = one[i] & _LAST
        unit = units[first]
        behind = _begins_in(other, units, unit + 1)
        is_found = behind > 0 and units[other[behind - 1] >> 32] == unit and (other[behind - 1] >> 32) > end
        if not is_found:
            # From the first of the unit on: those that overlap reach over ``first``, and are few.
            k = _begins_in(other, units, unit)
            while k < behind and (other[k] >> 32) < first:
                if (other[k] & _LAST) < first:
                    is_found = True
                    break
                k += 1
        if is_found:
            is_any = True
            if not is_all:
                return True
            marks[i] = 1
    return is_any


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _put(spans: Array, marks: Array, use_marks: bool, found: Array, n: int) -> int:
    """Append the first spans (the marked ones) to the evidence; gives its new length."""
    left = _EVIDENCE_LIMIT
    for i in range(len(spans)):
        if use_marks and marks[i] == 0:
            continue
        found[n, 0] = spans[i] >> 32
        found[n, 1] = spans[i] & _LAST
        n += 1
        left -= 1
        if left == 0:
            break
    return n


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _put_literal(
    p: Array, literal: int, low: int, behind: int, d: int, state: Array, words: Array, extra_at: Array, extras: Array,
    places: Array, onward: Array, found: Array, n: int,
) -> int:  # fmt: skip
    """Append the occurrences of a literal inside an extent to the evidence; gives its new length."""
    at = p[LITERAL] + p[p[LITERAL_AT] + literal]
    length = p[LITERAL] + p[p[LITERAL_AT] + literal + 1] - at - 1
    left = _EVIDENCE_LIMIT
    link = _next(p, literal, -1, low, behind, d, state, words, extra_at, extras, places, onward)
    while link >= 0 and left > 0:
        found[n, 0] = places[link] - p[at]
        found[n, 1] = places[link] - p[at] + length - 1
        n += 1
        left -= 1
        link = _next(p, literal, link, low, behind, d, state, words, extra_at, extras, places, onward)
    return n


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _leaf(
    p: Array, pc: int, d: int, extents: Array, tokens: Array, boundary: int, state: Array, words: Array,
    extra_at: Array, extras: Array, places: Array, onward: Array, is_all: bool, found: Array, n: int,
) -> tuple[int, int]:  # fmt: skip
    """Test a leaf that looks at places. Gives truth, and the evidence's length.

    Where ``is_all`` is asked its words are appended, but for those of a single literal.
    """
    op = p[pc]
    low = extents[2 * p[pc + 1]]
    behind = extents[2 * p[pc + 1] + 1]
    if op == _LITERAL:
        link = _next(p, p[pc + 2], -1, low, behind, d, state, words, extra_at, extras, places, onward)
        return (1 if link >= 0 else 0), n
    none = np.empty(0, np.uint8)
    if op == _MANY:
        spans = _gather(p, pc + 3, low, behind, d, state, words, extra_at, extras, places, onward)
        distinct = 0
        for i in range(len(spans)):
            if i == 0 or (spans[i] >> 32) != (spans[i - 1] >> 32):
                distinct += 1
        if distinct < p[pc + 2]:
            return 0, n
        if is_all:
            n = _put(spans, none, False, found, n)
        return 1, n
    left_at = pc + 4 if op == _NEAR else pc + 3
    left = _gather(p, left_at, low, behind, d, state, words, extra_at, extras, places, onward)
    if len(left) == 0:
        return 0, n
    right = _gather(p, left_at + 1 + p[left_at], low, behind, d, state, words, extra_at, extras, places, onward)
    if len(right) == 0:
        return 0, n
    if is_all:
        lefts = np.zeros(len(left), np.uint8)
        rights = np.zeros(len(right), np.uint8)
    else:
        lefts = none
        rights = none
    if op == _NEAR:
        is_true = _behind(left, right, p[pc + 3], boundary, lefts, rights, is_all)
        if p[pc + 2] == 0 and (is_all or not is_true):
            is_true = _behind(right, left, p[pc + 3], boundary, rights, lefts, is_all) or is_true
    else:
        units = tokens[PARAGRAPH] if p[pc + 2] else tokens[SENTENCE]
        is_true = _beside(left, right, units, lefts, is_all)
        if is_all and is_true:
            _beside(right, left, units, rights, is_all)
    if is_true and is_all:
        n = _put(left, lefts, True, found, n)
        n = _put(right, rights, True, found, n)
    return (1 if is_true else 0), n


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _rarest(p: Array, literal: int) -> int:
    """A literal's rarest term."""
    at = p[LITERAL] + p[p[LITERAL_AT] + literal]
    term = p[at + 1 + p[at]]
    return term if term >= 0 else -1 - term


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _prove(
    p: Array, rule: int, d: int, extents: Array, tokens: Array, boundary: int, bits: Array, state: Array, words: Array,
    extra_at: Array, extras: Array, places: Array, onward: Array, stack: Array, found: Array, n: int,
) -> int:  # fmt: skip
    """Append the evidence of a rule that holds; NEEDS_ROOM where it may not fit. A fact stands as -1 - term."""
    pc = p[PROOF] + p[p[PROOF_AT] + rule]
    truths, marks = stack[0], stack[1]
    top = 0
    while p[pc] != 0:
        op = p[pc]
        if n + 2 * _EVIDENCE_LIMIT + 1 > len(found):
            return NEEDS_ROOM
        if op == _AND or op == _OR:
            count = p[pc + 1]
            top -= count
            is_true = 1 if op == _AND else 0
            for i in range(count):
                if op == _AND:
                    is_true &= truths[top + i]
                else:
                    is_true |= truths[top + i]
            if not is_true:
                n = marks[top]
            truths[top] = is_true
            top += 1
            pc += 2
        elif op == _NOT:
            truths[top - 1] = 1 - truths[top - 1]
            n = marks[top - 1]
            pc += 1
        elif op == _SCORE:
            count = p[pc + 2]
            top -= count
            total = 0
            for i in range(count):
                if truths[top + i]:
                    total += p[pc + 3 + i]
            truths[top] = 1 if total >= p[pc + 1] else 0
            top += 1
            pc += 3 + count
        else:
            marks[top] = n
            if op == _FACT:
                term = p[pc + 1]
                truths[top] = bits[term >> 5] >> np.uint32(term & 31) & np.uint32(1)
                if truths[top]:
                    found[n, 0] = -1 - term
                    found[n, 1] = 0
                    n += 1
                pc += 2
            elif op == _LITERAL or op == _WORDS:
                low, behind = extents[2 * p[pc + 1]], extents[2 * p[pc + 1] + 1]
                begin = pc + 2 if op == _LITERAL else pc + 3
                end = begin + (1 if op == _LITERAL else p[pc + 2])
                for at in range(begin, end):
                    term = _rarest(p, p[at])
                    if state[2 * term] != d:
                        continue
                    if n + _EVIDENCE_LIMIT > len(found):
                        return NEEDS_ROOM
                    if p[p[LITERAL_AT] + p[at] + 1] - p[p[LITERAL_AT] + p[at]] > 2:
                        n = _put_literal(
                            p, p[at], low, behind, d, state, words, extra_at, extras, places, onward, found, n
                        )
                        continue
                    # One word: most are, and a call costs more than its chain.
                    link = state[2 * term + 1]
                    left = _EVIDENCE_LIMIT
                    while link >= 0 and left > 0 and places[link] < behind:
                        if places[link] >= low:
                            found[n, 0] = places[link]
                            found[n, 1] = places[link]
                            n += 1
                            left -= 1
                        link = onward[link]
                truths[top] = 1 if n > marks[top] else 0
                pc = end
            else:
                truth, n = _leaf(
                    p, pc, d, extents, tokens, boundary, state, words, extra_at, extras, places, onward, True, found, n
                )
                truths[top] = truth
                pc += leaf_length(p, pc)
            top += 1
    return n


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _holds(
    p: Array, rule: int, d: int, extents: Array, tokens: Array, boundary: int, bits: Array, state: Array, words: Array,
    extra_at: Array, extras: Array, places: Array, onward: Array, literals: Array, found: Array,
) -> bool:  # fmt: skip
    """Run a rule's jump code."""
    base = p[CODE]
    pc = p[p[CODE_AT] + rule]
    total = 0
    while pc >= 0:
        at = base + pc
        op = p[at]
        if op == _ANY:
            count = p[at + 1]
            truth = 0
            for i in range(at + 2, at + 2 + count):
                term = p[i]
                if bits[term >> 5] >> np.uint32(term & 31) & np.uint32(1):
                    truth = 1
                    break
            at += 2 + count
        elif op == _ADD:
            total += p[at + 1]
            pc = p[at + 2]
            continue
        elif op == _RESET:
            total = 0
            pc = p[at + 1]
            continue
        elif op == _CHECK:
            truth = 1 if total >= p[at + 1] else 0
            at += 2
        elif op == _LITERAL and p[at + 1] == 0:
            truth = _has(p, p[at + 2], d, extents, state, words, extra_at, extras, places, onward, literals)
            at += 3
        else:
            truth, _ = _leaf(
                p, at, d, extents, tokens, boundary, state, words, extra_at, extras, places, onward, False, found, 0
            )
            at += leaf_length(p, at)
        pc = p[at] if truth else p[at + 1]
    return pc == _ACCEPT


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _has(
    p: Array, literal: int, d: int, extents: Array, state: Array, words: Array, extra_at: Array, extras: Array,
    places: Array, onward: Array, literals: Array,
) -> int:  # fmt: skip
    """Whether a literal stands anywhere; looked up once an item."""
    if literals[2 * literal] != d:
        link = _next(p, literal, -1, extents[0], extents[1], d, state, words, extra_at, extras, places, onward)
        literals[2 * literal] = d
        literals[2 * literal + 1] = 1 if link >= 0 else 0
    return int(literals[2 * literal + 1])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _extents(p: Array, count: int, title_count: int, lead_end: int) -> Array:
    """First and behind of every scope; scope 0 is the whole item."""
    scopes = p[SCOPE] - p[SCOPE_AT] - 1
    extents = np.empty(2 * scopes, np.int32)
    for s in range(scopes):
        low, behind = 0, count
        for at in range(p[p[SCOPE_AT] + s], p[p[SCOPE_AT] + s + 1], 2):
            kind, argument = p[p[SCOPE] + at], p[p[SCOPE] + at + 1]
            if kind == _FIRST:
                end = low + argument
                if low <= title_count < end:
                    end += 1
                behind = min(behind, end)
            elif kind == _TITLE:
                low, behind = 0, title_count
            else:
                low, behind = title_count + 1, lead_end if kind == _LEAD else count
        extents[2 * s] = low
        extents[2 * s + 1] = behind
    return extents


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _extras(
    p: Array, shared: Array, extra_at: Array, title_count: int, title_length: int, tokens: Array, folded: Array,
    chars: Array,
) -> Array:  # fmt: skip
    """Give the terms that words stand for beside themselves, in the words' order; ``extra_at`` takes where each begins.

    By itself, as many programs have none: with this inside, looking words up takes thrice the time.
    """
    count = len(shared)
    extras = np.empty(count + 64, np.int32)
    n_extras = 0
    shortest, longest = p[SHORTEST_BEGINNING], p[LONGEST_BEGINNING]
    for i in range(count):
        extra_at[i] = n_extras
        if i == title_count:
            continue
        base = 0 if i < title_count else title_length
        w = shared[i]
        if w >= 0:
            for k in range(p[ALSO] + p[p[ALSO_AT] + w] + 1, p[ALSO] + p[p[ALSO_AT] + w + 1]):
                if _stands(p, p[k], i, tokens, folded, chars, base):
                    extras = with_room(extras, n_extras + 1)
                    extras[n_extras] = p[k]
                    n_extras += 1
        if longest and tokens[FOLDED_LENGTH, i] >= shortest:
            value = np.uint64(0)
            start = tokens[FOLDED_AT, i]
            for j in range(min(longest, tokens[FOLDED_LENGTH, i])):
                value = (value + np.uint64(folded[start + j]) + _ONE) * _K
                if j + 1 < shortest:
                    continue
                w = _look_up(p, BEGINNING_SLOTS, BEGINNINGS, value)
                if w < 0:
                    continue
                for k in range(p[BEGINNING] + p[p[BEGINNING_AT] + w], p[BEGINNING] + p[p[BEGINNING_AT] + w + 1]):
                    if _stands(p, p[k], i, tokens, folded, chars, base):
                        extras = with_room(extras, n_extras + 1)
                        extras[n_extras] = p[k]
                        n_extras += 1
    extra_at[count] = n_extras
    return extras[:n_extras]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _match_words(
    chars: Array, title_length: int, counts: Array, tokens: Array, hashes: Array, folded: Array,
    p: Array, facts: Array, dead: Array, d: int, state: Array, bits: Array, literals: Array, rules: Array,
    out: Array, found: Array,
) -> int:  # fmt: skip
    """Match the words that the tokeniser left against a program."""
    count, title_count, lead_end = counts[COUNT], counts[TITLE_COUNT], counts[LEAD_END]
    words = np.empty(count, np.int32)
    # Place of each word in the table, where more terms than one hang on it.
    shared = np.empty(count, np.int32)
    is_any_shared = False
    for i in range(count):
        words[i] = shared[i] = -1
        if i == title_count:
            continue
        w = _look_up(p, SLOTS, TABLE, hashes[i])
        if w >= 0:
            at = p[p[ALSO_AT] + w]
            words[i] = p[p[ALSO] + at]
            if p[p[ALSO_AT] + w + 1] - at > 1:
                shared[i] = w
                is_any_shared = True
    extra_at = np.zeros(count + 1, np.int32)
    extras = words[:0]
    if is_any_shared or p[LONGEST_BEGINNING]:
        extras = _extras(p, shared, extra_at, title_count, title_length, tokens, folded, chars)
    n_extras = len(extras)
    # Occurrences of each term as a chain, in order because it is built from the end.
    places = np.empty(count + n_extras, np.int32)
    onward = np.empty(count + n_extras, np.int32)
    present = np.empty(count + n_extras + len(facts), np.int32)
    n_present = links = 0
    for i in range(count - 1, -1, -1):
        for k in range(extra_at[i] - 1, extra_at[i + 1]):
            term = words[i] if k < extra_at[i] else extras[k]
            if term < 0:
                continue
            places[links] = i
            if state[2 * term] == d:
                onward[links] = state[2 * term + 1]
            else:
                state[2 * term] = d
                onward[links] = -1
                bits[term >> 5] |= np.uint32(1) << np.uint32(term & 31)
                present[n_present] = term
                n_present += 1
            state[2 * term + 1] = links
            links += 1
    for k in range(len(facts)):
        term = facts[k]
        bits[term >> 5] |= np.uint32(1) << np.uint32(term & 31)
        present[n_present] = term
        n_present += 1
    extents = _extents(p, count, title_count, lead_end)
    stack = np.empty((2, p[DEEPEST_STACK]), np.int64)
    matched = n = 0
    for k in range(n_present):
        term = present[k]
        for q in range(p[BY_TERM] + p[p[BY_TERM_AT] + term], p[BY_TERM] + p[p[BY_TERM_AT] + term + 1]):
            literal = p[q]
            at = p[LITERAL_AT] + literal
            if p[at + 1] - p[at] > 2 and not _has(
                p, literal, d, extents, state, words, extra_at, extras, places, onward, literals
            ):
                continue
            e = p[POSTING] + p[p[POSTING_AT] + literal]
            end = p[POSTING] + p[p[POSTING_AT] + literal + 1]
            while e < end:
                rule = p[e]
                e += 1
                second = p[e]
                e += 1
                is_possible = second == 0
                for j in range(e, e + second):
                    other = p[j]
                    if bits[other >> 5] >> np.uint32(other & 31) & np.uint32(1):
                        is_possible = True
                        break
                e += second
                if not is_possible or rules[rule] == d:
                    continue
                rules[rule] = d
                if dead[rule] or not _holds(
                    p, rule, d, extents, tokens, title_count, bits, state, words, extra_at, extras, places, onward,
                    literals, found,
                ):  # fmt: skip
                    continue
                n = _prove(
                    p, rule, d, extents, tokens, title_count, bits, state, words, extra_at, extras, places, onward,
                    stack, found, n,
                )  # fmt: skip
                if n == NEEDS_ROOM:
                    break
                out[matched, 0] = rule
                out[matched, 1] = n
                matched += 1
            if n == NEEDS_ROOM:
                break
        if n == NEEDS_ROOM:
            break
    for k in range(n_present):
        bits[present[k] >> 5] = np.uint32(0)
    return NEEDS_ROOM if n == NEEDS_ROOM else matched


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def match_text(
    is_cut: bool, chars: Array, title_length: int, lead_limit: int, classes: Array, folds: Array, long: Array,
    abbreviations: Array, counts: Array, tokens: Array, hashes: Array, folded: Array,
    p: Array, facts: Array, dead: Array, d: int, state: Array, bits: Array, literals: Array, rules: Array,
    out: Array, found: Array,
) -> int:  # fmt: skip
    """Cut a title and a text unless that ``is_cut``, and match their words against a program.

    Gives how many rules hold; NEEDS_PYTHON where words are left to be folded, NEEDS_ROOM where ``found`` is too
    small. One function for both, as each that Python calls is loaded with a copy of all that it calls.
    ``out`` (rules x 2) takes each rule and where its evidence ends in ``found`` (n x 2: first and last place).
    ``d`` is this item's number: what the scratch arrays hold of other numbers counts as empty.
    """
    if not is_cut:
        tokenise(chars, title_length, lead_limit, classes, folds, long, abbreviations, tokens, hashes, folded, counts)
        if counts[COMPLEX_COUNT]:
            return NEEDS_PYTHON
    return int(
        _match_words(
            chars, title_length, counts, tokens, hashes, folded, p, facts, dead, d, state, bits, literals, rules,
            out, found,
        )
    )  # fmt: skip


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def stands_any(hashes: Array, counts: Array, wanted: Array) -> bool:
    """Whether any of the words that the tokeniser left is one of a hash table's, in which 0 is an empty slot."""
    mask = len(wanted) - 1
    for i in range(counts[COUNT]):
        value = hashes[i]
        q = np.int64((value ^ (value >> _MIX)) & np.uint64(mask))
        while wanted[q] != 0:
            if wanted[q] == value:
                return True
            q = (q + 1) & mask
    return False
