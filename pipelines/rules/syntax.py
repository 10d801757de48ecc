"""Reads a query, or says where it is wrong, what was expected and how to write it.

The grammar (``query.lark``) takes a row of words and operators apart; what the row means, and which
rows are refused, is decided here. Takes milliseconds on anything a person can paste.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, NoReturn

import lark

from connectors.errors import WirewatchError
from pipelines.entities.countries import country_ids, entities_of_text
from pipelines.rules.model import And, In, Node, Not, Or, Phrase, Value, Word, is_negative
from pipelines.rules.print import RESERVED
from pipelines.text.tokens import words_of

LENGTH_LIMIT = 20_000
TERMS_LIMIT = 2_000
DEPTH_LIMIT = 40
PREFIX_LEAST = 3

PARTS = ("title", "text", "lead")
VALUES = ("country", "lang", "source", "feed", "category")
FIELDS = (*PARTS, *VALUES)

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
# Cyrillic and Greek letters that cannot be told from those of AND, OR and NOT; marks of direction, joiners.
_LOOK_ALIKES = str.maketrans("АОТΑΟΤΝ", "AOTAOTN", "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_BRACKETS = re.compile(r'"[^"]*"|["()]')
_LATER = re.compile(r"(?:O?NEAR|ADJ|PRE|W|FIRST)/\w+|ATLEAST\d*|[~!@].+|.*[?$].*", re.I)
_READING_LIMIT = 120


class QueryError(WirewatchError):
    """A query that cannot be read: where, why, and how to write it."""

    def __init__(self, query: str, place: int, message: str, hint: str = "") -> None:
        place = max(0, min(place, len(query)))
        self.query = query
        # Offset into the query, in code points, and the same as 1-based line and column.
        self.place = place
        self.line = query.count("\n", 0, place) + 1
        self.column = place - (query.rfind("\n", 0, place) + 1) + 1
        self.message = message
        self.hint = hint
        super().__init__(f"line {self.line}, column {self.column}: {self.reason}")

    @property
    def reason(self) -> str:
        """Message and hint in one line, without the place."""
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def pointed(self) -> str:
        """Show the line with a caret under the place, then the reason."""
        line = self.query.split("\n")[self.line - 1]
        first = max(0, self.column - 61)
        shown = line[first : first + 100].replace("\t", " ")
        shown = _CONTROL.sub("\ufffd", shown)
        return f"{shown}\n{' ' * (self.column - 1 - first)}^\n{self}"


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A word or quoted text, before it is known which field it stands in."""

    text: str
    is_quoted: bool
    start: int


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    child: _Raw
    start: int


@dataclass(frozen=True, slots=True)
class _Joined:
    kind: type[And] | type[Or]
    children: tuple[_Raw, ...]
    start: int


@dataclass(frozen=True, slots=True)
class _Negated:
    child: _Raw
    start: int


_Raw = _Leaf | _Field | _Joined | _Negated


def parse(query: str) -> Node:
    """Read a query. Errors: QueryError, the first fault only."""
    _check_characters(query)
    plain = query.translate(_QUOTES)
    _check_brackets(plain)
    try:
        raw = _Reader(plain).transform(_parser().parse(plain))
    except lark.exceptions.VisitError as error:
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise
    except lark.UnexpectedInput as error:
        _explain(plain, error)
    node = _Resolver(plain).resolve(raw, "", "")
    if is_negative(node):
        raise QueryError(
            query, 0, "nothing but exclusions", "say what must be there: a query needs a word that it wants"
        )
    return node


@lru_cache(maxsize=1)
def _parser() -> lark.Lark:
    grammar = (resources.files("pipelines.rules") / "query.lark").read_text(encoding="utf-8")
    return lark.Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=False)


def _check_characters(query: str) -> None:
    if len(query) > LENGTH_LIMIT:
        raise QueryError(
            query, LENGTH_LIMIT, f"{len(query)} characters, at most {LENGTH_LIMIT} are read", "make it several rules"
        )
    if found := _CONTROL.search(query):
        raise QueryError(query, found.start(), f"control character U+{ord(found[0]):04X}", "delete it or type a space")
    if not query.strip():
        raise QueryError(query, 0, "the query is empty", "write at least one word")


def _check_brackets(query: str) -> None:
    """Refuse what is open, unopened or too deep, before anything recursive meets it."""
    opened: list[int] = []
    for found in _BRACKETS.finditer(query):
        mark, place = found[0], found.start()
        if mark == "(":
            opened.append(place)
            if len(opened) > DEPTH_LIMIT:
                raise QueryError(query, place, f"more than {DEPTH_LIMIT} parentheses inside one another", "flatten it")
        elif mark == ")":
            if not opened:
                raise QueryError(query, place, "this parenthesis was never opened", "delete it or open it before")
            if not query[opened.pop() + 1 : place].strip():
                raise QueryError(query, place, "nothing between the parentheses", "write a word or delete them")
        elif mark == '"':
            raise QueryError(query, place, "this quotation mark is never closed", 'write "…" around a phrase')
    if opened:
        raise QueryError(query, opened[-1], "this parenthesis is never closed", "add a ) where the group ends")


def _explain(query: str, error: lark.UnexpectedInput) -> NoReturn:
    place = error.pos_in_stream if error.pos_in_stream is not None else len(query)
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        place = len(query.rstrip())
    before = query[:place].rstrip()
    if before.endswith(":"):
        raise QueryError(query, len(before) - 1, "nothing after the field's colon", "write title:word or title:(…)")
    raise QueryError(query, place, "a word, a phrase or a group in parentheses was expected here")


class _Reader(lark.visitors.Transformer_NonRecursive[Any, Any]):  # type: ignore[misc]  # lark is not followed
    """Turns the flat parse into groups; refuses rows of operators that have two readings or none."""

    def __init__(self, query: str) -> None:
        super().__init__()
        self._query = query

    def start(self, children: list[Any]) -> _Raw:
        """Give the whole query."""
        raw: _Raw = children[0]
        return raw

    def atom(self, children: list[Any]) -> tuple[_Raw, int, int]:
        """Give a word or quoted text, with its extent as written."""
        token = children[0]
        quoted = token.type == "QUOTED"
        text = str(token)[1:-1] if quoted else str(token)
        return _Leaf(text, quoted, token.start_pos + quoted), token.start_pos, token.end_pos

    def nested(self, children: list[Any]) -> tuple[_Raw, int, int]:
        """Give a group in parentheses."""
        return children[1], children[0].start_pos, children[2].end_pos

    def scoped(self, children: list[Any]) -> tuple[_Raw, int, int]:
        """Give what stands behind a field's name."""
        field, (child, _, end) = children
        name = str(field)[:-1].lower()
        if name not in FIELDS:
            self._fail(
                field.start_pos,
                f"unknown field {name}:",
                f"known: {', '.join(FIELDS)}; for the text itself write it in quotes",
            )
        return _Field(name, child, field.start_pos), field.start_pos, end

    def piece(self, children: list[Any]) -> Any:
        """Give an operator's token or what it stands between, with its extent."""
        return children[0]

    def _fail(self, place: int, message: str, hint: str = "") -> NoReturn:
        raise QueryError(self._query, place, message, hint)

    def group(self, pieces: list[Any]) -> _Raw:
        """Join a row of operands by its operators."""
        operands: list[tuple[_Raw, str]] = []
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
            operands.append((_Negated(raw, negated_at) if negated_at >= 0 else raw, self._query[start:end]))
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
        return _Joined(kind, children, _start_of(children[0]))

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
            written.append(line if len(line) <= _READING_LIMIT else line[:_READING_LIMIT] + "…")
        return written[0], written[1]


def _start_of(raw: _Raw) -> int:
    return raw.start - raw.is_quoted if isinstance(raw, _Leaf) else raw.start


class _Resolver:
    """Gives the words their field, folds them, and puts the tree into its one normal form."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._terms = 0

    def _fail(self, place: int, message: str, hint: str = "") -> NoReturn:
        raise QueryError(self._query, place, message, hint)

    def resolve(self, raw: _Raw, part: str, field: str) -> Node:
        """Resolve a subtree that stands inside a part of the item, or behind a value's field."""
        if isinstance(raw, _Field):
            if part or field:
                self._fail(raw.start, f"{raw.name}: inside {part or field}:", "a field cannot stand inside another")
            if raw.name in VALUES:
                return self.resolve(raw.child, "", raw.name)
            return In(raw.name, self.resolve(raw.child, raw.name, ""))
        if isinstance(raw, _Negated):
            child = self.resolve(raw.child, part, field)
            if is_negative(child):
                self._fail(raw.start, "an exclusion excluded", "say what must be there instead")
            return Not(child)
        if isinstance(raw, _Joined):
            return self._join(raw, [self.resolve(child, part, field) for child in raw.children])
        self._terms += 1
        if self._terms > TERMS_LIMIT:
            self._fail(raw.start, f"more than {TERMS_LIMIT} terms", "make it several rules")
        return self._value(raw, field) if field else self._words(raw)

    def _join(self, raw: _Joined, children: list[Node]) -> Node:
        flat: list[Node] = []
        for child in children:
            flat += child.children if isinstance(child, And | Or) and type(child) is raw.kind else [child]
        if raw.kind is Or and any(map(is_negative, flat)):
            self._fail(raw.start, "an alternative that only excludes", "it would hold for nearly every item")
        return raw.kind(tuple(flat))

    def _words(self, leaf: _Leaf) -> Node:
        if not leaf.is_quoted:
            self._check_bare(leaf)
        pieces = leaf.text.split()
        words: list[Word] = []
        for piece in pieces:
            place = leaf.start + max(0, leaf.text.find(piece))
            starred = piece.endswith("*")
            if "*" in piece.rstrip("*"):
                self._fail(
                    place + piece.index("*"), "* may stand only at the end of a word", "write the words out, with OR"
                )
            folded = words_of(piece)
            if starred and not folded:
                self._fail(place, "nothing before the *", f"write at least {PREFIX_LEAST} letters before it")
            words += map(Word, folded)
            if starred and not _is_whole_by_itself(words[-1].text):
                least = 2 if "\uac00" <= words[-1].text[0] <= "\ud7a3" else PREFIX_LEAST
                if len(words[-1].text) < least:
                    self._fail(place, f"{piece} fits too many words", f"write at least {least} letters before the *")
                words[-1] = Word(words[-1].text, True)
        if not words:
            self._fail(leaf.start, "no letter or digit to look for", "punctuation is not searched")
        return words[0] if len(words) == 1 else Phrase(tuple(words))

    def _check_bare(self, leaf: _Leaf) -> None:
        meant = unicodedata.normalize("NFKC", leaf.text).translate(_LOOK_ALIKES)
        if meant.lower() in RESERVED and not leaf.text.isascii():
            self._fail(
                leaf.start, f"looks like {meant}, but holds other letters or marks",
                f'type {meant.upper()} for the operator, "{meant.lower()}" in quotes for the word',
            )  # fmt: skip
        if leaf.text.lower() in RESERVED and not leaf.text.isupper():
            self._fail(
                leaf.start, f"{leaf.text} may be an operator or a word",
                f'write {leaf.text.upper()} for the operator, "{leaf.text.lower()}" in quotes for the word',
            )  # fmt: skip
        if _LATER.fullmatch(leaf.text):
            self._fail(
                leaf.start, f"{leaf.text} is no operator of this version",
                'known: AND OR NOT - ( ) "…" word* and ' + " ".join(f"{field}:" for field in FIELDS),
            )  # fmt: skip

    def _value(self, leaf: _Leaf, field: str) -> Value:
        text = " ".join(leaf.text.split())
        starred = text.endswith("*")
        text = text.rstrip("*").strip()
        if "*" in text or not text:
            self._fail(leaf.start, f"expected a value behind {field}:", "a * may stand only at its end")
        if field in ("country", "lang"):
            if starred or not re.fullmatch("[A-Za-z]{2}", text):
                self._fail(
                    leaf.start, f"expected a two-letter code behind {field}:, got {text}", _code_hint(field, text)
                )
            if field == "country" and f"country:{text.upper()}" not in country_ids():
                self._fail(leaf.start, f"no country has the code {text}", _code_hint(field, text))
            return Value(field, text.upper() if field == "country" else text.lower())
        if field == "category":
            text = " ".join(words_of(text))
            if not text:
                self._fail(leaf.start, "no letter or digit to look for", "write category:word")
        return Value(field, text.lower(), starred)


def _is_whole_by_itself(word: str) -> bool:
    """Say whether a word is a Han or Kana character, which begins no longer word."""
    return len(word) == 1 and len(words_of(word * 2)) == 2


def _code_hint(field: str, text: str) -> str:
    if field == "lang":
        return "for instance lang:ru"
    found = entities_of_text(text) or entities_of_text(text.title())
    return f"write country:{found[0]['id'].removeprefix('country:')}" if found else "for instance country:IR"
