"""Compiles queries into the arrays that the compiled matcher runs: terms, literals, postings, code.

Every query becomes two pieces of code. The jump code finds out whether it holds and stops as soon as that is
known: AND, OR, NOT and fields are gone from it, a leaf test says where to go on when it is true and when not.
The postfix code walks the whole tree once more, only for what matched, and gathers the words as evidence.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from pipelines.rules.forms import forms_of
from pipelines.rules.model import (
    And,
    AtLeast,
    Cased,
    First,
    Forms,
    In,
    Literal,
    Near,
    Node,
    Not,
    Or,
    Pattern,
    Phrase,
    Score,
    Term,
    Together,
    Unit,
    Value,
    Word,
    terms_of,
)
from pipelines.rules.required import Element, by_cost
from pipelines.text.kernel import hash_word
from pipelines.text.tokens import words_of

Array = Any
Frequency = Callable[[str], float]
# Kind and argument of each field and FIRST that a leaf stands in, outermost first. Not the nodes: their hash is that
# of all below them.
Scope = tuple[tuple[int, int], ...]

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
_HEADER = 32
# Kinds of terms that more than a look-up decides: letters of a pattern, exact letters of a cased word.
PATTERN, CASED = 1, 2
# Steps of a scope: a part, or the first words.
PARTS = {"title": 0, "text": 1, "lead": 2}
FIRST_WORDS = 3
# Told by a node's type: asked for each of a million words.
_TERMS = frozenset((Word, Pattern, Cased, Forms))
_LITERALS = _TERMS | {Phrase}
_VALUE_COSTS = {"lang": 0.3, "country": 0.06}
# Words of a second group that are noted beside the first.
_NOTED_MOST = 16
# How much oftener than one word a term is met that stands for many.
_WIDE = 4


@dataclass(frozen=True)
class Program:
    """Compiled queries, numbered from 0."""

    # All sections behind one header, int32.
    arena: Array
    # Values that the queries ask for, with their term numbers.
    facts: Mapping[Value, int]
    rules: int
    terms: int
    literals: int


def by_length(word: str) -> float:
    """Guess how often a word is met by its length: longer ones are rarer."""
    return float(2.0 ** -(len(word) + (0 if word.isascii() else 1)))


class Compiler:
    """Collects queries, then makes a program of them.

    A hundred thousand queries have a million words: each is looked up by its own text, and a node's kind is told
    by its type, once.
    """

    def __init__(self, frequency: Frequency = by_length) -> None:
        self._frequency = frequency
        self._terms: dict[Term | Value, int] = {}
        # Exact words again, by their text: most terms are words, and text hashes faster than a node.
        self._words: dict[str, int] = {}
        self._costs: list[float] = []
        self._literals: dict[tuple[int, ...], int] = {}
        self._numbers: dict[Element, int] = {}
        # Each exact word's number as a literal by itself.
        self._alone: dict[str, int] = {}
        # Of each literal its rarest term, and how often that is met.
        self._rarest_terms: list[int] = []
        self._literal_costs: list[float] = []
        self._scopes: dict[Scope, int] = {(): 0}
        self._postings: dict[int, array[int]] = defaultdict(lambda: array("i"))
        self._code, self._proof = array("i"), array("i")
        self._entries, self._proofs = array("i"), array("i")
        self._deepest = 1
        # Alternatives of the query under way, by their node.
        self._split: dict[tuple[int, bool], tuple[list[int], list[Node]]] = {}

    def add(self, node: Node) -> None:
        """Compile one query; it gets the next number. Errors: ValueError for a negative one."""
        number = len(self._entries)
        self._split.clear()
        self._entries.append(self._jump(node, (), ACCEPT, REJECT))
        self._proofs.append(len(self._proof))
        proof: list[int] = []
        self._prove(node, (), proof)
        proof.append(OP_END)
        self._proof.fromlist(proof)
        # No walk over the code can leave more open than it has numbers.
        self._deepest = max(self._deepest, len(proof))
        self._file(number, node)

    # Terms and literals

    def _term(self, term: Term | Value) -> int:
        if type(term) is Word and not term.is_prefix:
            number = self._words.get(term.text)
            if number is None:
                number = self._words[term.text] = self._new_term(term)
            return number
        known = self._terms.get(term)
        return known if known is not None else self._new_term(term)

    def _new_term(self, term: Term | Value) -> int:
        number = self._terms[term] = len(self._costs)
        self._costs.append(self._cost(term))
        return number

    def _cost(self, term: Term | Value) -> float:
        if isinstance(term, Value):
            return _VALUE_COSTS.get(term.field, 0.03)
        if isinstance(term, Pattern):
            return _WIDE * by_length(term.beginning)
        if isinstance(term, Cased):
            return self._frequency(_folded(term))
        known = self._frequency(term.text)
        if isinstance(term, Forms):
            return _WIDE * known
        return max(known, _WIDE * by_length(term.text)) if term.is_prefix else known

    def _literal(self, element: Element) -> int:
        if type(element) is Word and not element.is_prefix:
            number = self._alone.get(element.text)
            if number is None:
                number = self._alone[element.text] = self._new_literal((self._term(element),))
            return number
        known = self._numbers.get(element)
        if known is None:
            known = self._numbers[element] = self._new_literal(tuple(map(self._term, _terms_of(element))))
        return known

    def _new_literal(self, terms: tuple[int, ...]) -> int:
        number = self._literals.setdefault(terms, len(self._literals))
        if number == len(self._rarest_terms):
            term = min(terms, key=self._costs.__getitem__)
            self._rarest_terms.append(term)
            self._literal_costs.append(self._costs[term])
        return number

    def _scope(self, scope: Scope) -> int:
        return self._scopes.setdefault(scope, len(self._scopes)) if scope else 0

    # Anchors

    def _file(self, number: int, node: Node) -> None:
        """File a query under the rarest group of which something must be there, the next rarest noted beside."""
        groups = by_cost(node, self._literal, self._literal_costs.__getitem__)
        second = {self._rarest_terms[literal] for literal in groups[1][1]} if len(groups) > 1 else ()
        # More would stand once more at each word of the first group; the code asks for them anyway.
        noted = sorted(second) if len(second) <= _NOTED_MOST else []
        entry = [number, len(noted), *noted]
        for literal in groups[0][1]:
            self._postings[literal].fromlist(entry)

    # Code

    def _leaf(self, node: Literal | Near | Together | AtLeast, scope: Scope) -> list[int]:
        place, kind = self._scope(scope), type(node)
        if kind in _LITERALS:
            return [OP_LITERAL, place, self._literal(node)]  # type: ignore[arg-type]  # told by its type
        if isinstance(node, Near):
            order = [OP_NEAR, place, int(node.is_ordered), node.distance]
            return [*order, *self._choice(node.left), *self._choice(node.right)]
        if isinstance(node, Together):
            unit = [OP_SAME, place, int(node.unit is Unit.PARAGRAPH)]
            return [*unit, *self._choice(node.left), *self._choice(node.right)]
        assert isinstance(node, AtLeast)
        return [OP_MANY, place, node.count, *self._choice(node.literals)]

    def _choice(self, literals: Sequence[Literal]) -> list[int]:
        return [len(literals), *map(self._literal, literals)]

    def _emit(self, code: list[int]) -> int:
        at = len(self._code)
        self._code.fromlist(code)
        return at

    def _jump(self, node: Node, scope: Scope, true: int, false: int) -> int:
        """Emit the code of a node behind that of what follows it; gives where it begins."""
        kind = type(node)
        if kind is Value or (kind in _TERMS and not scope):
            return self._emit([OP_ANY, 1, self._term(node), true, false])  # type: ignore[arg-type]  # told by its type
        if isinstance(node, In | First):
            return self._jump(node.child, (*scope, _step(node)), true, false)
        if isinstance(node, Not):
            return self._jump(node.child, scope, false, true)
        if isinstance(node, And):
            for child in sorted(node.children, key=self._effort, reverse=True):
                true = self._jump(child, scope, true, false)
            return true
        if isinstance(node, Or):
            plain, others = self._alternatives(node, bool(scope))
            for child in sorted(others, key=self._effort, reverse=True):
                false = self._jump(child, scope, true, false)
            return self._emit([OP_ANY, len(plain), *plain, true, false]) if plain else false
        if isinstance(node, Score):
            onward = self._emit([OP_CHECK, node.threshold, true, false])
            for child, weight in zip(node.children, node.weights, strict=True):
                onward = self._jump(child, scope, self._emit([OP_ADD, weight, onward]), onward)
            return self._emit([OP_RESET, onward])
        return self._emit([*self._leaf(node, scope), true, false])  # type: ignore[arg-type]  # no Value is left

    def _alternatives(self, node: Or, is_scoped: bool) -> tuple[list[int], list[Node]]:
        """Give the terms of which one suffices, the commonest first, and what must be tested otherwise."""
        known = self._split.get((id(node), is_scoped))
        if known is not None:
            return known
        plain: list[int] = []
        others: list[Node] = []
        for child in node.children:
            kind = type(child)
            if kind is Value or (kind in _TERMS and not is_scoped):
                plain.append(self._term(child))  # type: ignore[arg-type]  # told by its type
            else:
                others.append(child)
        plain.sort(key=self._costs.__getitem__, reverse=True)
        made = self._split[id(node), is_scoped] = plain, others
        return made

    def _effort(self, node: Node) -> tuple[int, float]:
        """Sort key: what is cheap to test and rarely true comes first."""
        kind = type(node)
        if kind is Value or kind in _TERMS:
            return 0, self._costs[self._term(node)]  # type: ignore[arg-type]  # told by its type
        if isinstance(node, Not):
            return 1, 0.0
        if isinstance(node, Or):
            plain, others = self._alternatives(node, False)
            return max(map(self._effort, others)) if others else (0, self._costs[plain[0]])
        if isinstance(node, And):
            return min(map(self._effort, node.children))
        if isinstance(node, Phrase | In | First):
            return 2, 0.0
        return 3, 0.0

    def _prove(self, node: Node, scope: Scope, proof: list[int]) -> None:
        """Append the postfix code of a node."""
        kind = type(node)
        if kind in _LITERALS:
            proof += (OP_LITERAL, self._scope(scope), self._literal(node))  # type: ignore[arg-type]
        elif isinstance(node, And | Or | Score):
            for child in node.children:
                self._prove(child, scope, proof)
            if isinstance(node, Score):
                proof += (OP_SCORE, node.threshold, len(node.weights), *node.weights)
            else:
                proof += (OP_AND if kind is And else OP_OR, len(node.children))
        elif isinstance(node, Value):
            proof += (OP_FACT, self._term(node))
        elif isinstance(node, In | First):
            self._prove(node.child, (*scope, _step(node)), proof)
        elif isinstance(node, Not):
            self._prove(node.child, scope, proof)
            proof.append(OP_NOT)
        else:
            proof += self._leaf(node, scope)

    # Sections

    def program(self) -> Program:
        """Put everything into one arena."""
        sections: dict[int, Array] = {}
        exact = self._words
        also: dict[str, list[int]] = defaultdict(list)
        beginnings: dict[str, list[int]] = defaultdict(list)
        special: list[list[int]] = [[] for _ in self._costs]
        for term, number in self._terms.items():
            if isinstance(term, Pattern):
                special[number] = [PATTERN, *map(ord, term.text)]
                beginnings[term.beginning].append(number)
            elif isinstance(term, Word) and term.is_prefix:
                beginnings[term.text].append(number)
            elif isinstance(term, Forms):
                for form in forms_of(term.text, term.language):
                    also[form].append(number)
            elif isinstance(term, Cased):
                special[number] = [CASED, *map(ord, term.text)]
                also[_folded(term)].append(number)
        # A word that only stands for others is looked up all the same.
        words = dict.fromkeys([*exact, *also])
        rows = [[exact.get(word, -1), *also.get(word, ())] for word in words]
        sections[SLOTS], sections[TABLE] = _hash_table(map(hash_word, words), len(words))
        sections[ALSO_AT], sections[ALSO] = _rows(rows)
        sections[BEGINNING_SLOTS], sections[BEGINNINGS] = _hash_table(map(hash_word, beginnings), len(beginnings))
        sections[BEGINNING_AT], sections[BEGINNING] = _rows(list(beginnings.values()))
        sections[SPECIAL_AT], sections[SPECIAL] = _rows(special)
        sections[LITERAL_AT], sections[LITERAL] = _rows(self._literal_rows())
        by_term: list[list[int]] = [[] for _ in self._costs]
        for number in range(len(self._literals)):
            if number in self._postings:
                by_term[self._rarest_terms[number]].append(number)
        sections[BY_TERM_AT], sections[BY_TERM] = _rows(by_term)
        empty = array("i")
        sections[POSTING_AT], sections[POSTING] = _rows(
            [self._postings.get(number, empty) for number in range(len(self._literals))]
        )
        sections[CODE_AT], sections[CODE] = np.array(self._entries, np.int32), np.array(self._code, np.int32)
        sections[PROOF_AT], sections[PROOF] = np.array(self._proofs, np.int32), np.array(self._proof, np.int32)
        sections[SCOPE_AT], sections[SCOPE] = _rows(
            [[number for step in scope for number in step] for scope in self._scopes]
        )
        lengths = [len(beginning) for beginning in beginnings] or [0]
        header = np.zeros(_HEADER, np.int32)
        header[[LONGEST_BEGINNING, SHORTEST_BEGINNING]] = max(lengths), min(lengths)
        header[DEEPEST_STACK] = self._deepest
        at = _HEADER
        for name, values in sections.items():
            header[name] = at
            at += len(values)
        arena = np.concatenate([header, *(values.astype(np.int32, copy=False) for values in sections.values())])
        facts = {term: number for term, number in self._terms.items() if isinstance(term, Value)}
        return Program(arena, facts, len(self._entries), len(self._costs), len(self._literals))

    def _literal_rows(self) -> list[list[int]]:
        """Give each literal's rarest word's step, then its terms; those that are no exact words as -1 - term."""
        exact = set(self._words.values())
        rows = []
        for terms, rarest in zip(self._literals, self._rarest_terms, strict=True):
            rows.append([terms.index(rarest), *(term if term in exact else -1 - term for term in terms)])
        return rows


def _folded(term: Cased) -> str:
    """A cased term is one word, as it was cut."""
    return words_of(term.text)[0]


def _terms_of(element: Element) -> tuple[Term | Value, ...]:
    return (element,) if isinstance(element, Value) else terms_of(element)


def _rows(rows: Sequence[Sequence[int]]) -> tuple[Array, Array]:
    """Give offsets (one more than rows) and the rows' values end to end."""
    offsets = np.fromiter(accumulate(map(len, rows), initial=0), np.int32, len(rows) + 1)
    flat = array("i")
    for row in rows:
        flat.extend(row)
    return offsets, np.array(flat, np.int32)


def _step(node: In | First) -> tuple[int, int]:
    return (PARTS[node.part], 0) if isinstance(node, In) else (FIRST_WORDS, node.count)


def _hash_table(hashes: Iterable[int], count: int) -> tuple[Array, Array]:
    """Give the number of slots less one, and for each slot: hash in two halves, and the place in the order given."""
    slots = 4
    while slots < 3 * count:
        slots *= 2
    values = np.fromiter(hashes, np.uint64, count)
    table = np.full((slots, 3), -1, np.int32)
    halves = values.view(np.int32).reshape(-1, 2)
    places = ((values ^ (values >> np.uint64(29))) & np.uint64(slots - 1)).astype(np.int64).tolist()
    taken = bytearray(slots)
    final = []
    for place in places:
        while taken[place]:
            place = (place + 1) & (slots - 1)
        taken[place] = 1
        final.append(place)
    table[final, 0], table[final, 1], table[final, 2] = halves[:, 0], halves[:, 1], np.arange(count)
    return np.array([slots - 1], np.int32), table.reshape(-1)
