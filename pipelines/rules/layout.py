"""How a compiled program is laid out in its arena, and the numbers that its code is made of."""

from __future__ import annotations

# Jump targets that end.
ACCEPT, REJECT = -1, -2
# Leaf tests, each with its arguments; jump code adds where to go when true and when false.
OP_ANY, OP_LITERAL, OP_NEAR, OP_SAME, OP_MANY = 1, 2, 3, 4, 5
# Of scores: add a weight, compare the sum, start at nought.
OP_ADD, OP_CHECK, OP_RESET = 6, 7, 8
# Postfix code only.
OP_FACT, OP_AND, OP_OR, OP_NOT, OP_SCORE, OP_END = 11, 12, 13, 14, 15, 0

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
