"""How a compiled program is laid out in its arena, and what whoever writes or runs its code needs of that.

numba keeps what it compiled of ``assemble.py`` and ``kernel.py`` until those files change, whatever changes here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = Any

# Jump targets that end.
ACCEPT, REJECT = -1, -2
# Leaf tests, each with its arguments; jump code adds where to go when true and when false.
OP_ANY, OP_LITERAL, OP_NEAR, OP_SAME, OP_MANY = 1, 2, 3, 4, 5
# Of scores: add a weight, compare the sum, start at nought.
OP_ADD, OP_CHECK, OP_RESET = 6, 7, 8
# Postfix code only. OP_WORDS: any of some words and phrases, as most alternatives are.
OP_FACT, OP_AND, OP_OR, OP_NOT, OP_SCORE, OP_WORDS, OP_END = 11, 12, 13, 14, 15, 16, 0

# Header of the arena: where each section begins, and three sizes.
(
    SLOTS, TABLE, ALSO_AT, ALSO, BEGINNING_SLOTS, BEGINNINGS, BEGINNING_AT, BEGINNING, SPECIAL_AT, SPECIAL,
    LITERAL_AT, LITERAL, BY_TERM_AT, BY_TERM, POSTING_AT, POSTING, CODE_AT, CODE, PROOF_AT, PROOF, SCOPE_AT, SCOPE,
    LONGEST_BEGINNING, SHORTEST_BEGINNING, DEEPEST_STACK,
) = range(25)  # fmt: skip
HEADER = 32
# Kinds of terms that more than a look-up decides: letters of a pattern, exact letters of a cased word.
PATTERN, CASED = 1, 2
# Steps of a scope: a part, or the first words.
PARTS = {"title": 0, "text": 1, "lead": 2}
FIRST_WORDS = 3


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]  # numba is untyped
def leaf_length(code: Array, pc: int) -> int:
    """Length of a leaf's code without its targets."""
    op = code[pc]
    if op == OP_LITERAL:
        return 3
    if op == OP_MANY:
        return 4 + int(code[pc + 3])
    left = pc + 4 if op == OP_NEAR else pc + 3
    right = left + 1 + code[left]
    return int(right + 1 + code[right] - pc)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def with_room(values: Array, count: int) -> Array:
    """The same values with room for ``count``."""
    if count <= len(values):
        return values
    grown = np.empty(2 * count, values.dtype)
    # Not as a slice: for those numba brings code that spells out an error, more than all the rest of a function.
    for i in range(len(values)):
        grown[i] = values[i]
    return grown
