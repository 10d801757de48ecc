"""Reads a query as rows of words, fields and operators, and says what a row means before its words are looked at.

The grammar (``query.lark``) takes a row apart; which rows have two readings or none is decided here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, NoReturn

import lark

from pipelines.rules.mistakes import QueryError, fail
from pipelines.rules.model import And, Or
from pipelines.rules.view import ENTITY_FIELDS, WORD_FIELDS

PARTS = ("title", "text", "lead")
# A name that no list has, in all its spellings.
NAME = "name"
VALUES = (*ENTITY_FIELDS, NAME, "lang", "source", "feed", *WORD_FIELDS)
FIELDS = (*PARTS, *VALUES)
READING_LIMIT = 120
MARK = re.compile("!|~(?:[a-z]{2}:)?")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A word or quoted text, before it is known which field it stands in."""

    text: str
    is_quoted: bool
    start: int
    # "!", "~" or "~ru:" before it.
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field's name and what stands behind its colon."""

    name: str
    child: Raw
    start: int


@dataclass(frozen=True, slots=True)
class Beside:
    """Two operands with an operator of distance between them."""

    operator: str
    left: Raw
    right: Raw
    start: int


@dataclass(frozen=True, slots=True)
class Counted:
    """ATLEASTn or FIRST/n and what stands behind it."""

    operator: str
    child: Raw
    start: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Operands that AND or OR joins, or nothing between them."""

    kind: type[And] | type[Or]
    children: tuple[Raw, ...]
    start: int


@dataclass(frozen=True, slots=True)
class Negated:
    """What NOT or - stands before."""

    child: Raw
    start: int


Raw = Leaf | Field | Beside | Counted | Joined | Negated


def read_rows(query: str) -> Raw:
    """Read a query whose brackets are sound. Errors: QueryError."""
    try:
        read: Raw = _Rows(query).transform(_parser().parse(query))
    except lark.exceptions.VisitError as error:
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise
    except lark.UnexpectedInput as error:
        _explain(query, error)
    return read


@lru_cache(maxsize=1)
def _parser() -> lark.Lark:
    grammar = (resources.files("pipelines.rules") / "query.lark").read_text(encoding="utf-8")
    return lark.Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=False)


def _explain(query: str, error: lark.UnexpectedInput) -> NoReturn:
    place = error.pos_in_stream if error.pos_in_stream is not None else len(query)
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        place = len(query.rstrip())
    before = query[:place].rstrip()
    if before.endswith(":"):
        fail(query, len(before) - 1, "nothing after the field's colon", "write title:word or title:(…)")
    fail(query, place, "a word, a phrase or a group in parentheses was expected here")


class _Rows(lark.visitors.Transformer_NonRecursive[Any, Any]):  # type: ignore[misc]  # lark is not followed
    """Turns the flat parse into groups; refuses rows of operators that have two readings or none."""

    def __init__(self, query: str) -> None:
        super().__init__()
        self._query = query

    def start(self, children: list[Any]) -> Raw:
        """Give the whole query."""
        raw: Raw = children[0]
        return raw

    def atom(self, children: list[Any]) -> tuple[Raw, int, int]:
        """Give a word or quoted text, with its extent as written."""
        token = children[0]
        quoted = token.type == "QUOTED"
        written = str(token)
        mark = MARK.match(written)
        skipped = mark.end() if mark else 0
        text = written[skipped + 1 : -1] if quoted else written[skipped:]
        place = token.start_pos + skipped
        leaf = Leaf(text, quoted, place + quoted, mark[0] if mark else "")
        return leaf, token.start_pos, token.end_pos

    def nested(self, children: list[Any]) -> tuple[Raw, int, int]:
        """Give a group in parentheses."""
        return children[1], children[0].start_pos, children[2].end_pos

    def scoped(self, children: list[Any]) -> tuple[Raw, int, int]:
        """Give what stands behind a field's name."""
        field, (child, _, end) = children
        name = str(field)[:-1].lower()
        if name not in FIELDS:
            self._fail(
                field.start_pos,
                f"unknown field {name}:",
                f"known: {', '.join(FIELDS)}; for the text itself write it in quotes",
            )
        return Field(name, child, field.start_pos), field.start_pos, end

    def counted(self, children: list[Any]) -> tuple[Raw, int, int]:
        """Give what ATLEASTn or FIRST/n stands before."""
        operator, (child, _, end) = children
        return Counted(str(operator).upper(), child, operator.start_pos), operator.start_pos, end

    def piece(self, children: list[Any]) -> Any:
        """Give an operator's token or what it stands between, with its extent."""
        return children[0]

    def _fail(self, place: int, message: str, hint: str = "") -> NoReturn:
        fail(self._query, place, message, hint)

    def group(self, pieces: list[Any]) -> Raw:
        """Join a row of operands by its operators."""
        pieces = self._with_pairs(pieces)
        operands: list[tuple[Raw, str]] = []
        first = -1
        joints: list[str] = []
        joint, negated_at, last_operator = "", -1, None
        for piece in pieces:
            if isinstance(piece, lark.Token):
                if piece.type in ("NOT", "MINUS"):
                    if negated_at >= 0:
                        self._fail(piece.start_pos, "excluded twice", "write NOT or - once")
                    if joint == "OR":
                        self._fail(
                            piece.start_pos, "an alternative that only excludes", "it would hold for nearly every item"
                        )
                    negated_at = piece.start_pos
                else:
                    if not operands or joint or negated_at >= 0:
                        self._fail(piece.start_pos, f"{piece} needs something on both sides")
                    joint = piece.type
                last_operator = piece
                continue
            raw, start, end = piece
            start = negated_at if negated_at >= 0 else start
            if operands:
                joints.append(joint or "AND")
            else:
                first = start
            operands.append((Negated(raw, negated_at) if negated_at >= 0 else raw, self._query[start:end]))
            joint, negated_at, last_operator = "", -1, None
        if last_operator is not None:
            self._fail(last_operator.start_pos, f"{last_operator} needs something behind it")
        if "AND" in joints and "OR" in joints:
            by_or, by_and = self._readings([text for _, text in operands], joints)
            self._fail(first, "AND and OR side by side have two readings", f"write {by_or} or {by_and}")
        children = tuple(raw for raw, _ in operands)
        if len(children) == 1:
            return children[0]
        kind = Or if "OR" in joints else And
        return Joined(kind, children, start_of(children[0]))

    def _with_pairs(self, pieces: list[Any]) -> list[Any]:
        """Bind each operator of distance to its two neighbours, tighter than AND."""
        bound: list[Any] = []
        rest = iter(pieces)
        for piece in rest:
            if not isinstance(piece, lark.Token) or piece.type != "PROXIMITY":
                bound.append(piece)
                continue
            right = next(rest, None)
            if not bound or isinstance(bound[-1], lark.Token) or right is None or isinstance(right, lark.Token):
                self._fail(piece.start_pos, f"{piece} needs a word, a phrase or (… OR …) on both sides")
            left, start, _ = bound.pop()
            if isinstance(left, Beside):
                self._fail(
                    piece.start_pos, f"a second {piece} in a row", "measure between two at a time, joined by AND"
                )
            bound.append((Beside(str(piece).upper(), left, right[0], piece.start_pos), start, right[2]))
        return bound

    def _readings(self, texts: list[str], joints: list[str]) -> tuple[str, str]:
        """Write the row once with AND and once with OR in parentheses."""
        written = []
        for outer, inner in (("OR", "AND"), ("AND", "OR")):
            groups = [[texts[0]]]
            for joint, text in zip(joints, texts[1:], strict=True):
                if joint == inner:
                    groups[-1].append(text)
                else:
                    groups.append([text])
            parts = [f"({f' {inner} '.join(group)})" if len(group) > 1 else group[0] for group in groups]
            line = f" {outer} ".join(parts)
            written.append(line if len(line) <= READING_LIMIT else line[:READING_LIMIT] + "…")
        return written[0], written[1]


def start_of(raw: Raw) -> int:
    """Give the place at which a piece begins, its mark and quotation mark included."""
    if isinstance(raw, Beside):
        return start_of(raw.left)
    return raw.start - raw.is_quoted - len(raw.mark) if isinstance(raw, Leaf) else raw.start
