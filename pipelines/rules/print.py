"""Prints a query in its one canonical spelling: ``parse(print_query(node)) == node``."""

from __future__ import annotations

import re

from pipelines.rules.forms import language_of
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
)

_BARE_VALUE = re.compile(r"[\w.\-/]+")
# Words that are operators, or look like them to a reader, when they stand alone.
RESERVED = frozenset({"and", "or", "not", "near", "onear", "adj", "pre", "atleast", "first", "same"})
_UNITS = {Unit.SENTENCE: "w/s", Unit.PARAGRAPH: "w/p"}


def print_query(node: Node) -> str:
    """Print a query: operators in capitals, parentheses where they are needed, words folded."""
    if isinstance(node, And):
        return " AND ".join(_inner(child) for child in node.children)
    if isinstance(node, Or):
        return " OR ".join(_inner(child) for child in node.children)
    if isinstance(node, Not):
        return f"NOT {_inner(node.child)}"
    if isinstance(node, In):
        return f"{node.part}:{_grouped(node.child)}"
    if isinstance(node, First):
        return f"FIRST/{node.count}({print_query(node.child)})"
    if isinstance(node, Near):
        operator = "ONEAR" if node.is_ordered else "NEAR"
        return f"{_choice(node.left)} {operator}/{node.distance} {_choice(node.right)}"
    if isinstance(node, Together):
        return f"{_choice(node.left)} {_UNITS[node.unit]} {_choice(node.right)}"
    if isinstance(node, AtLeast):
        return f"ATLEAST{node.count}({' OR '.join(map(_literal, node.literals))})"
    if isinstance(node, Score):
        terms = zip(node.weights, node.children, strict=True)
        return f"SCORE{node.threshold}({'; '.join(f'{weight} {print_query(child)}' for weight, child in terms)})"
    if isinstance(node, Value):
        star = "*" if node.is_prefix else ""
        bare = _BARE_VALUE.fullmatch(node.value) is not None
        return f"{node.field}:{node.value}{star}" if bare else f'{node.field}:"{node.value}{star}"'
    return _literal(node)


def _literal(literal: Literal) -> str:
    if isinstance(literal, Phrase):
        return '"' + " ".join(map(_term, literal.words)) + '"'
    # With a mark or a star nothing looks like an operator.
    written = _term(literal)
    return f'"{written}"' if written in RESERVED else written


def _mark(term: Term) -> str:
    if isinstance(term, Cased):
        return "!"
    if isinstance(term, Forms):
        return "~" if term.language == language_of(term.text) else f"~{term.language}:"
    return ""


def _term(term: Term) -> str:
    if isinstance(term, Pattern | Cased | Forms):
        return _mark(term) + term.text
    return term.text + ("*" if term.is_prefix else "")


def _choice(literals: tuple[Literal, ...]) -> str:
    written = " OR ".join(map(_literal, literals))
    return f"({written})" if len(literals) > 1 else written


def _inner(node: Node) -> str:
    return f"({print_query(node)})" if isinstance(node, And | Or) else print_query(node)


def _grouped(node: Node) -> str:
    is_row = isinstance(node, And | Or | Not | Near | Together)
    return f"({print_query(node)})" if is_row else print_query(node)
