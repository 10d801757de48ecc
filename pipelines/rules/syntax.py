"""Reads a query, or says where it is wrong, what was expected and how to write it.

In three steps: what nobody could read is refused (``mistakes.py``), the row of words and operators is taken apart
(``rows.py``), the words get their meaning (``resolve.py``). Takes milliseconds on anything a person can paste.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipelines.rules.mistakes import (
    CONTROL,
    QUOTES,
    Brackets,
    QueryError,
    check_length,
    fail,
    fail_empty,
    fail_unquoted,
)
from pipelines.rules.model import Node, Score, is_negative
from pipelines.rules.resolve import resolve
from pipelines.rules.rows import read_rows

_BRACKETS = re.compile(r'"[^"]*"|["()]')
_SCORE = re.compile(r"\s*SCORE(\d{1,6})\s*\((.*)\)\s*", re.S)
_SCORE_BEGIN = re.compile(r"\s*(SCORE\d+\s*\()")
_SCORE_PIECE = re.compile(r'(?:[^;"]|"[^"]*")+')
_WEIGHTED = re.compile(r"\s*([+-]?\d{1,6})\s+")


def parse(query: str, named: Mapping[str, Node] | None = None) -> Node:
    """Read a query; ``named`` gives what ``@name`` stands for. Errors: QueryError, the first fault only."""
    _check_characters(query)
    plain = query.translate(QUOTES)
    _check_brackets(plain)
    if found := _SCORE.fullmatch(plain):
        return _parse_score(plain, found, named or {})
    if found := _SCORE_BEGIN.match(plain):
        fail(query, found.start(1), "SCORE stands alone", "a score is a rule's whole query, up to its last )")
    return _parse_plain(plain, named or {})


def _parse_score(query: str, found: re.Match[str], named: Mapping[str, Node]) -> Score:
    """Read a rule of weights in its one-line form."""
    children, weights, place = [], [], found.start(2)
    for piece in _SCORE_PIECE.findall(found[2]):
        weighted = _WEIGHTED.match(piece)
        if weighted is None:
            fail(query, place, "expected a weight and a query", "write SCORE5(3 drone*; -2 football)")
        try:
            children.append(_parse_plain(piece[weighted.end() :], named))
        except QueryError as error:
            raise QueryError(query, place + weighted.end() + error.place, error.message, error.hint) from None
        weights.append(int(weighted[1]))
        place += len(piece) + 1
    made = Score(int(found[1]), tuple(children), tuple(weights))
    if made.highest < made.threshold or not made.threshold:
        fail(query, 0, "all weights together do not reach the threshold", "it would never hold")
    return made


def _parse_plain(plain: str, named: Mapping[str, Node]) -> Node:
    node = resolve(plain, read_rows(plain), named)
    if is_negative(node):
        fail(plain, 0, "nothing but exclusions", "say what must be there: a query needs a word that it wants")
    return node


def _check_characters(query: str) -> None:
    check_length(query)
    if found := CONTROL.search(query):
        fail(query, found.start(), f"control character U+{ord(found[0]):04X}", "delete it or type a space")
    if not query.strip():
        fail_empty(query)


def _check_brackets(query: str) -> None:
    """Refuse what is open, unopened or too deep, before anything recursive meets it."""
    brackets = Brackets(query)
    for found in _BRACKETS.finditer(query):
        if found[0] == "(":
            brackets.open(found.start())
        elif found[0] == ")":
            brackets.close(found.start())
        elif found[0] == '"':
            fail_unquoted(query, found.start())
    brackets.end()
