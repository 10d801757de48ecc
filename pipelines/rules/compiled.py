"""One program with its scratch memory, ready to run on item after item. Not for several threads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from pipelines.rules import kernel
from pipelines.rules.model import Node, Value
from pipelines.rules.program import Compiler, Frequency, Program, anchor_words, by_length
from pipelines.rules.view import ENTITY_FIELDS, TextView, fact_is
from pipelines.text.kernel import Scanner

Array = Any
NO_FACTS: Array = np.zeros(0, np.int32)
# One hit: the rule's number and the places of the words that made it true; a fact stands as -1 - its number.
Hit = tuple[int, list[tuple[int, int]]]
_LAST_NUMBER = 2**31 - 2


class CompiledQueries:
    """Queries compiled together; what is dead is passed over."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.facts_of = {number: value for value, number in program.facts.items()}
        self._exact: dict[str, dict[str, Value]] = defaultdict(dict)
        self._others: dict[str, list[Value]] = defaultdict(list)
        for value in program.facts:
            if value.field in ("lang", *ENTITY_FIELDS) and not value.is_prefix:
                self._exact[value.field][value.value] = value
            else:
                self._others[value.field].append(value)
        self._number = 0
        self._state = np.zeros(2 * program.terms + 2, np.int32)
        self._bits = np.zeros(program.terms // 32 + 1, np.uint32)
        self._literals = np.zeros(2 * program.literals + 2, np.int32)
        self._rules = np.zeros(program.rules + 1, np.int32)
        self._out = np.zeros((program.rules + 1, 2), np.int32)
        self._found = np.zeros((1 << 14, 2), np.int32)
        self.all_alive = np.zeros(program.rules + 1, np.uint8)

    @classmethod
    def of(cls, nodes: Iterable[Node], frequency: Frequency = by_length) -> CompiledQueries:
        """Compile queries, numbered in their order."""
        compiler = Compiler(frequency)
        for node in nodes:
            compiler.add(node)
        return cls(compiler.program())

    def facts(self, view: TextView) -> Array:
        """Give the numbers of the values that an item has."""
        found = []
        for field, by_fact in self._exact.items():
            found += [by_fact[fact] for fact in dict.fromkeys(view.facts(field)) if fact in by_fact]
        for field, values in self._others.items():
            facts = view.facts(field)
            found += [value for value in values if any(fact_is(value, fact) for fact in facts)]
        return np.array([self.program.facts[value] for value in found], np.int32)

    def _next_number(self) -> int:
        if self._number >= _LAST_NUMBER:
            self._number = 0
            for scratch in (self._state, self._literals, self._rules):
                scratch[:] = 0
        self._number += 1
        return self._number

    def run(self, words: Scanner, facts: Array, dead: Array, *, is_cut: bool = False) -> int:
        """Match what a scanner took; gives how many queries hold. ``is_cut``: it holds the words already."""
        while True:
            found = kernel.match_text(
                is_cut, words.chars, len(words.title), words.lead_limit, words.classes, words.folds, words.long,
                words.abbreviations, words.counts, words.tokens, words.hashes, words.folded,
                self.program.arena, facts, dead, self._next_number(), self._state, self._bits, self._literals,
                self._rules, self._out, self._found,
            )  # fmt: skip
            if found >= 0:
                return int(found)
            if found == kernel.NEEDS_PYTHON:
                words.fold_rest()
            else:
                self._found = np.zeros((4 * len(self._found), 2), np.int32)
            is_cut = True

    def may_hold(self, words: Scanner) -> bool:
        """Say whether any query may hold of the words that a scanner cut: far sooner than ``run`` says which."""
        return self._anchors is None or kernel.stands_any(words.hashes, words.counts, self._anchors)

    @cached_property
    def _anchors(self) -> Array | None:
        """Hash table of the words of which one must be there for any query to hold; None where words do not say."""
        return anchor_words(self.program)

    def numbers(self, count: int) -> list[int]:
        """Give the numbers of the queries that held in the last run."""
        numbers: list[int] = self._out[:count, 0].tolist()
        return numbers

    def hits(self, count: int) -> list[Hit]:
        """Give the queries that held in the last run, with the places of their words."""
        hits: list[Hit] = []
        begin = 0
        for number, end in self._out[:count].tolist():
            hits.append((number, [(first, last) for first, last in self._found[begin:end].tolist()]))
            begin = end
        return hits
