"""Prints a query in its one canonical spelling: ``parse(print_query(node)) == node``."""

from __future__ import annotations

import re

from pipelines.rules.model import And, In, Node, Not, Or, Phrase, Value, Word

_BARE_VALUE = re.compile(r"[\w.\-/]+")
# Words that are operators, or look like them to a reader, when they stand alone.
RESERVED = frozenset({"and", "or", "not"})


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
    if isinstance(node, Phrase):
        return '"' + " ".join(map(_word, node.words)) + '"'
    if isinstance(node, Value):
        star = "*" if node.is_prefix else ""
        bare = _BARE_VALUE.fullmatch(node.value) is not None
        return f"{node.field}:{node.value}{star}" if bare else f'{node.field}:"{node.value}{star}"'
    return f'"{node.text}"' if node.text in RESERVED else _word(node)


def _word(word: Word) -> str:
    return word.text + ("*" if word.is_prefix else "")


def _inner(node: Node) -> str:
    return f"({print_query(node)})" if isinstance(node, And | Or) else print_query(node)


def _grouped(node: Node) -> str:
    return f"({print_query(node)})" if isinstance(node, And | Or | Not) else print_query(node)
