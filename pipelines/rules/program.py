"""Compiles queries into the arrays that the compiled matcher runs: terms, literals, postings, code.

Every query becomes two pieces of code. The postfix code, written here, walks the whole tree, only for what matched,
and gathers the words as evidence. The jump code, assembled from it (``assemble.py``), finds out whether a query holds.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.rules.assemble import assembled
from pipelines.rules.forms import forms_of
from pipelines.rules.layout import (
    ALSO,
    ALSO_AT,
    BEGINNING,
    BEGINNING_AT,
    BEGINNING_SLOTS,
    BEGINNINGS,
    BY_TERM,
    BY_TERM_AT,
    CASED,
    CODE,
    CODE_AT,
    DEEPEST_STACK,
    FIRST_WORDS,
    HEADER,
    LITERAL,
    LITERAL_AT,
    LONGEST_BEGINNING,
    OP_AND,
    OP_END,
    OP_FACT,
    OP_LITERAL,
    OP_MANY,
    OP_NEAR,
    OP_NOT,
    OP_OR,
    OP_SAME,
    OP_SCORE,
    OP_WORDS,
    PARTS,
    PATTERN,
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
)
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
    is_negative,
    terms_of,
)
from pipelines.rules.required import Element
from pipelines.text.kernel import hash_word
from pipelines.text.tokens import words_of

Array = Any
Frequency = Callable[[str], float]
# Kind and argument of each field and FIRST that a leaf stands in, outermost first. Not the nodes: their hash is that
# of all below them.
Scope = tuple[tuple[int, int], ...]

# Told by a node's type: asked for each of a million words.
_LITERALS = frozenset((Word, Pattern, Cased, Forms, Phrase))
_VALUE_COSTS = {"lang": 0.3, "country": 0.06}
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
        # Of each literal its rarest term.
        self._rarest_terms: list[int] = []
        self._scopes: dict[Scope, int] = {(): 0}
        self._proof, self._proofs = array("i"), array("i")
        self._deepest = 1

    def add(self, node: Node) -> None:
        """Compile one query; it gets the next number. Errors: ValueError for a negative one."""
        if is_negative(node):
            raise ValueError(f"{node!r} needs nothing to be there")
        proof: list[int] = []
        self._prove(node, (), proof)
        proof.append(OP_END)
        self._proofs.append(len(self._proof))
        self._proof.fromlist(proof)
        # No walk over the code can leave more open than it has numbers.
        self._deepest = max(self._deepest, len(proof))

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
            self._rarest_terms.append(min(terms, key=self._costs.__getitem__))
        return number

    def _scope(self, scope: Scope) -> int:
        return self._scopes.setdefault(scope, len(self._scopes)) if scope else 0

    # Code

    def _leaf(self, node: Near | Together | AtLeast, scope: Scope) -> list[int]:
        place = self._scope(scope)
        if isinstance(node, AtLeast):
            return [OP_MANY, place, node.count, *self._choice(node.literals)]
        if isinstance(node, Near):
            head = [OP_NEAR, place, int(node.is_ordered), node.distance]
        else:
            head = [OP_SAME, place, int(node.unit is Unit.PARAGRAPH)]
        return [*head, *self._choice(node.left), *self._choice(node.right)]

    def _choice(self, literals: Sequence[Literal]) -> list[int]:
        return [len(literals), *map(self._literal, literals)]

    def _prove(self, node: Node, scope: Scope, proof: list[int]) -> None:
        """Append the postfix code of a node."""
        kind = type(node)
        if kind in _LITERALS:
            proof += (OP_LITERAL, self._scope(scope), self._literal(node))  # type: ignore[arg-type]  # told by its type
        elif kind is Or:
            self._prove_any(node.children, scope, proof)  # type: ignore[union-attr]  # told by its type
        elif isinstance(node, And | Score):
            for child in node.children:
                self._prove(child, scope, proof)
            if isinstance(node, Score):
                proof += (OP_SCORE, node.threshold, len(node.weights), *node.weights)
            else:
                proof += (OP_AND, len(node.children))
        elif isinstance(node, Value):
            # Asked for as an anchor, it stands as a literal of one term.
            self._literal(node)
            proof += (OP_FACT, self._term(node))
        elif isinstance(node, In | First):
            self._prove(node.child, (*scope, _step(node)), proof)
        elif isinstance(node, Not):
            self._prove(node.child, scope, proof)
            proof.append(OP_NOT)
        elif isinstance(node, Near | Together | AtLeast):
            proof += self._leaf(node, scope)

    def _prove_any(self, children: Sequence[Node], scope: Scope, proof: list[int]) -> None:
        """Append the postfix code of an OR: what are words and phrases as one."""
        count = len(children)
        literals = [child for child in children if type(child) in _LITERALS]
        if len(literals) > 1:
            numbers = map(self._literal, literals)  # type: ignore[arg-type]  # told by its type
            proof += (OP_WORDS, self._scope(scope), len(literals), *numbers)
            children = [child for child in children if type(child) not in _LITERALS]
            count = len(children) + 1
        for child in children:
            self._prove(child, scope, proof)
        if count > 1:
            proof += (OP_OR, count)

    # Sections

    def program(self) -> Program:
        """Put everything into one arena."""
        sections: dict[int, Array] = {}
        also: dict[str, list[int]] = defaultdict(list)
        beginnings: dict[str, list[int]] = defaultdict(list)
        special: dict[int, list[int]] = {}
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
        words = dict.fromkeys([*self._words, *also])
        sections[SLOTS], sections[TABLE] = _hash_table(map(hash_word, words), len(words))
        sections[ALSO_AT], sections[ALSO] = _rows((self._words.get(word, -1), *also.get(word, ())) for word in words)
        sections[BEGINNING_SLOTS], sections[BEGINNINGS] = _hash_table(map(hash_word, beginnings), len(beginnings))
        sections[BEGINNING_AT], sections[BEGINNING] = _rows(beginnings.values())
        sections[SPECIAL_AT], sections[SPECIAL] = _rows(special.get(term, ()) for term in range(len(self._costs)))
        sections[LITERAL_AT], sections[LITERAL] = _rows(self._literal_rows())
        sections[PROOF_AT], sections[PROOF] = np.array(self._proofs, np.int32), np.array(self._proof, np.int32)
        sections |= self._jumps_and_postings(sections[PROOF_AT], sections[PROOF])
        sections[SCOPE_AT], sections[SCOPE] = _rows(
            [number for step in scope for number in step] for scope in self._scopes
        )
        lengths = [len(beginning) for beginning in beginnings] or [0]
        header = np.zeros(HEADER, np.int32)
        header[[LONGEST_BEGINNING, SHORTEST_BEGINNING]] = max(lengths), min(lengths)
        header[DEEPEST_STACK] = self._deepest
        at = HEADER
        for name, values in sections.items():
            header[name] = at
            at += len(values)
        arena = np.concatenate([header, *(values.astype(np.int32, copy=False) for values in sections.values())])
        facts = {term: number for term, number in self._terms.items() if isinstance(term, Value)}
        return Program(arena, facts, len(self._proofs), len(self._costs), len(self._literals))

    def _jumps_and_postings(self, proofs: Array, proof: Array) -> dict[int, Array]:
        """Assemble the jump code of all queries, and what they are filed under."""
        rarest = np.array(self._rarest_terms, np.int32)
        lengths = np.fromiter(map(len, self._literals), np.int32, len(rarest))
        # Number of each term as a literal by itself.
        alone = np.full(len(self._costs), -1, np.int32)
        for number, terms in enumerate(self._literals):
            if len(terms) == 1:
                alone[terms[0]] = number
        entries, code, posting_at, posting = assembled(
            proofs, proof, self._deepest, lengths, rarest, alone, np.array(self._costs, np.float64)
        )
        anchors = np.flatnonzero(np.diff(posting_at))
        anchors = anchors[np.argsort(rarest[anchors], kind="stable")]
        by_term_at = np.zeros(len(self._costs) + 1, np.int32)
        np.cumsum(np.bincount(rarest[anchors], minlength=len(self._costs)), out=by_term_at[1:])
        return {
            BY_TERM_AT: by_term_at, BY_TERM: anchors, POSTING_AT: posting_at, POSTING: posting,
            CODE_AT: entries, CODE: code,
        }  # fmt: skip

    def _literal_rows(self) -> Iterator[list[int]]:
        """Give each literal's rarest word's step, then its terms; those that are no exact words as -1 - term."""
        exact = set(self._words.values())
        for terms, rarest in zip(self._literals, self._rarest_terms, strict=True):
            yield [terms.index(rarest), *(term if term in exact else -1 - term for term in terms)]


def anchor_words(program: Program) -> Array | None:
    """Give the hashes of the words without one of which no query holds, as a hash table in which 0 is an empty slot.

    None where a query may hold without any exact word: by the beginning of one, or a fact alone.
    """
    p = program.arena
    anchors = np.flatnonzero(np.diff(p[p[BY_TERM_AT] : p[BY_TERM]]))
    slots = p[p[TABLE] : p[ALSO_AT]].reshape(-1, 3)
    slots = slots[slots[:, 2] >= 0]
    # Of each word the terms that it stands for, and those of all words end to end.
    also_at, also = p[p[ALSO_AT] : p[ALSO]], p[p[ALSO] : p[BEGINNING_SLOTS]]
    words = np.repeat(np.arange(len(slots)), np.diff(also_at))
    is_anchor = np.isin(also, anchors)
    if np.setdiff1d(anchors, also).size:
        return None
    hashes = np.ascontiguousarray(slots[np.isin(slots[:, 2], words[is_anchor]), :2]).view(np.uint64).reshape(-1)
    if not hashes.all():
        return None
    count, places = _places(hashes)
    table = np.zeros(count, np.uint64)
    table[places] = hashes
    return table


def _folded(term: Cased) -> str:
    """A cased term is one word, as it was cut."""
    return words_of(term.text)[0]


def _terms_of(element: Element) -> tuple[Term | Value, ...]:
    return (element,) if isinstance(element, Value) else terms_of(element)


def _rows(rows: Iterable[Iterable[int]]) -> tuple[Array, Array]:
    """Give offsets (one more than rows) and the rows' values end to end."""
    offsets, flat = array("i", [0]), array("i")
    for row in rows:
        flat.extend(row)
        offsets.append(len(flat))
    return np.array(offsets, np.int32), np.array(flat, np.int32)


def _step(node: In | First) -> tuple[int, int]:
    return (PARTS[node.part], 0) if isinstance(node, In) else (FIRST_WORDS, node.count)


def _hash_table(hashes: Iterable[int], count: int) -> tuple[Array, Array]:
    """Give the number of slots less one, and for each slot: hash in two halves, and the place in the order given."""
    values = np.fromiter(hashes, np.uint64, count)
    slots, places = _places(values)
    table = np.full((slots, 3), -1, np.int32)
    halves = values.view(np.int32).reshape(-1, 2)
    table[places, 0], table[places, 1], table[places, 2] = halves[:, 0], halves[:, 1], np.arange(count)
    return np.array([slots - 1], np.int32), table.reshape(-1)


def _places(values: Array) -> tuple[int, list[int]]:
    """Give how many slots a hash table of some hashes has, and the slot of each."""
    slots = 4
    while slots < 3 * len(values):
        slots *= 2
    taken = bytearray(slots)
    places: list[int] = []
    for place in ((values ^ (values >> np.uint64(29))) & np.uint64(slots - 1)).astype(np.int64).tolist():
        while taken[place]:
            place = (place + 1) & (slots - 1)
        taken[place] = 1
        places.append(place)
    return slots, places
