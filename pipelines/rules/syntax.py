"""Reads a query, or says where it is wrong, what was expected and how to write it.

The grammar (``query.lark``) takes a row of words and operators apart; what the row means, and which
rows are refused, is decided here. Takes milliseconds on anything a person can paste.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, NoReturn

import lark

from connectors.errors import WirewatchError
from pipelines.entities.countries import country_ids, entities_of_text
from pipelines.rules.forms import LANGUAGES, language_of
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
    walk,
)
from pipelines.rules.print import RESERVED
from pipelines.rules.view import ENTITY_FIELDS, WORD_FIELDS
from pipelines.text.tokens import tokenize, words_of

LENGTH_LIMIT = 20_000
TERMS_LIMIT = 2_000
DEPTH_LIMIT = 40
PREFIX_LEAST = 3
DISTANCE_LIMIT = 100
COUNT_LIMIT = 1_000

PARTS = ("title", "text", "lead")
VALUES = (*ENTITY_FIELDS, "lang", "source", "feed", *WORD_FIELDS)
FIELDS = (*PARTS, *VALUES)

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
# Cyrillic and Greek letters that cannot be told from those of AND, OR and NOT; marks of direction, joiners.
_LOOK_ALIKES = str.maketrans("АОТΑΟΤΝ", "AOTAOTN", "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_BRACKETS = re.compile(r'"[^"]*"|["()]')
_ALMOST = re.compile(r"(?:O?NEAR|ADJ|PRE|W|FIRST)/\S*|N/\d+|(?:O?NEAR|ADJ|PRE)\d+|ATLEAST/?\d*", re.I)
_MARK = re.compile("!|~(?:[a-z]{2}:)?")
_SCORE = re.compile(r"\s*SCORE(\d{1,6})\s*\((.*)\)\s*", re.S)
_SCORE_BEGIN = re.compile(r"\s*(SCORE\d+\s*\()")
_SCORE_PIECE = re.compile(r'(?:[^;"]|"[^"]*")+')
_WEIGHTED = re.compile(r"\s*([+-]?\d{1,6})\s+")
_REGEX = re.compile(r"/.+/[a-z]*")
_BARE_OPERATORS = frozenset(word.upper() for word in RESERVED) - {"AND", "OR", "NOT", "FIRST", "SAME"}
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
    # "!", "~" or "~ru:" before it.
    mark: str = ""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    child: _Raw
    start: int


@dataclass(frozen=True, slots=True)
class _Beside:
    """Two operands with an operator of distance between them."""

    operator: str
    left: _Raw
    right: _Raw
    start: int


@dataclass(frozen=True, slots=True)
class _Counted:
    operator: str
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


_Raw = _Leaf | _Field | _Beside | _Counted | _Joined | _Negated


def parse(query: str, named: Mapping[str, Node] | None = None) -> Node:
    """Read a query; ``named`` gives what ``@name`` stands for. Errors: QueryError, the first fault only."""
    _check_characters(query)
    plain = query.translate(_QUOTES)
    _check_brackets(plain)
    if found := _SCORE.fullmatch(plain):
        return _parse_score(plain, found, named or {})
    if found := _SCORE_BEGIN.match(plain):
        raise QueryError(
            query, found.start(1), "SCORE stands alone", "a score is a rule's whole query, up to its last )"
        )
    return _parse_plain(plain, named or {})


def _parse_score(query: str, found: re.Match[str], named: Mapping[str, Node]) -> Score:
    """Read a rule of weights in its one-line form."""
    children, weights, place = [], [], found.start(2)
    for piece in _SCORE_PIECE.findall(found[2]):
        weighted = _WEIGHTED.match(piece)
        if weighted is None:
            raise QueryError(query, place, "expected a weight and a query", "write SCORE5(3 drone*; -2 football)")
        try:
            children.append(_parse_plain(piece[weighted.end() :], named))
        except QueryError as error:
            raise QueryError(query, place + weighted.end() + error.place, error.message, error.hint) from None
        weights.append(int(weighted[1]))
        place += len(piece) + 1
    made = Score(int(found[1]), tuple(children), tuple(weights))
    if made.highest < made.threshold or not made.threshold:
        raise QueryError(query, 0, "all weights together do not reach the threshold", "it would never hold")
    return made


def _parse_plain(plain: str, named: Mapping[str, Node]) -> Node:
    try:
        raw = _Reader(plain).transform(_parser().parse(plain))
    except lark.exceptions.VisitError as error:
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise
    except lark.UnexpectedInput as error:
        _explain(plain, error)
    node = _Resolver(plain, named).resolve(raw, "", "")
    if is_negative(node):
        raise QueryError(
            plain, 0, "nothing but exclusions", "say what must be there: a query needs a word that it wants"
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
        written = str(token)
        mark = _MARK.match(written)
        skipped = mark.end() if mark else 0
        text = written[skipped + 1 : -1] if quoted else written[skipped:]
        place = token.start_pos + skipped
        leaf = _Leaf(text, quoted, place + quoted, mark[0] if mark else "")
        return leaf, token.start_pos, token.end_pos

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

    def counted(self, children: list[Any]) -> tuple[_Raw, int, int]:
        """Give what ATLEASTn or FIRST/n stands before."""
        operator, (child, _, end) = children
        return _Counted(str(operator).upper(), child, operator.start_pos), operator.start_pos, end

    def piece(self, children: list[Any]) -> Any:
        """Give an operator's token or what it stands between, with its extent."""
        return children[0]

    def _fail(self, place: int, message: str, hint: str = "") -> NoReturn:
        raise QueryError(self._query, place, message, hint)

    def group(self, pieces: list[Any]) -> _Raw:
        """Join a row of operands by its operators."""
        pieces = self._with_pairs(pieces)
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
            if isinstance(left, _Beside):
                self._fail(
                    piece.start_pos, f"a second {piece} in a row", "measure between two at a time, joined by AND"
                )
            bound.append((_Beside(str(piece).upper(), left, right[0], piece.start_pos), start, right[2]))
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
            written.append(line if len(line) <= _READING_LIMIT else line[:_READING_LIMIT] + "…")
        return written[0], written[1]


def _start_of(raw: _Raw) -> int:
    if isinstance(raw, _Beside):
        return _start_of(raw.left)
    return raw.start - raw.is_quoted - len(raw.mark) if isinstance(raw, _Leaf) else raw.start


class _Resolver:
    """Gives the words their field, folds them, and puts the tree into its one normal form."""

    def __init__(self, query: str, named: Mapping[str, Node]) -> None:
        self._query = query
        self._named = named
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
        if isinstance(raw, _Beside):
            return self._beside(raw, part, field)
        if isinstance(raw, _Counted):
            return self._counted(raw, part, field)
        if not raw.is_quoted and not raw.mark and raw.text.startswith("@"):
            return self._sub_query(raw, part, field)
        self._terms += 1
        if self._terms > TERMS_LIMIT:
            self._fail(raw.start, f"more than {TERMS_LIMIT} terms", "make it several rules")
        return self._value(raw, field) if field else self._words(raw)

    def _beside(self, raw: _Beside, part: str, field: str) -> Node:
        if field:
            self._fail(raw.start, f"{raw.operator} inside {field}:", "distance is measured between words of the text")
        left, right = (self._literals(side, raw.operator, part) for side in (raw.left, raw.right))
        if raw.operator in ("W/S", "W/P"):
            return Together(left, right, Unit.SENTENCE if raw.operator == "W/S" else Unit.PARAGRAPH)
        name, _, number = raw.operator.partition("/")
        distance = self._number(number, raw, DISTANCE_LIMIT, "write a distance")
        return Near(left, right, distance, is_ordered=name not in ("NEAR", "W"))

    def _counted(self, raw: _Counted, part: str, field: str) -> Node:
        if field:
            self._fail(raw.start, f"{raw.operator} inside {field}:", "only words of the text are counted")
        number = raw.operator.removeprefix("ATLEAST").removeprefix("FIRST").removeprefix("/")
        if raw.operator.startswith("ATLEAST"):
            literals = self._literals(raw.child, raw.operator, part)
            return AtLeast(self._number(number, raw, COUNT_LIMIT, "write a count"), literals)
        child = self.resolve(raw.child, part, "")
        if any(isinstance(below, In | First) for below in walk(child)):
            self._fail(raw.start, f"a field or a second FIRST inside {raw.operator}", "write title:(FIRST/n …)")
        if is_negative(child):
            self._fail(raw.start, f"{raw.operator} of what only excludes", "write NOT before it")
        return First(self._number(number, raw, COUNT_LIMIT, "write a number of words"), child)

    def _number(self, digits: str, raw: _Beside | _Counted, limit: int, hint: str) -> int:
        number = int(digits[:9])
        if not 1 <= number <= limit:
            self._fail(raw.start, f"{raw.operator} counts {number}", f"{hint} from 1 to {limit}")
        return number

    def _literals(self, raw: _Raw, operator: str, part: str) -> tuple[Literal, ...]:
        """Read one side of a distance: a word, a phrase or alternatives of them."""
        node = self.resolve(raw, part, "")
        choices = node.children if isinstance(node, Or) else (node,)
        for choice in choices:
            if not isinstance(choice, Literal):
                self._fail(_start_of(raw), f"{operator} takes words and phrases", 'on each side: word, "…" or (… OR …)')
        # The check above leaves literals only; the type checker cannot see it.
        return tuple(dict.fromkeys(choices))  # type: ignore[arg-type]

    def _sub_query(self, raw: _Leaf, part: str, field: str) -> Node:
        name = raw.text[1:]
        if name not in self._named:
            known = ", ".join(f"@{one}" for one in self._named) or "none; add them under queries: in a rules file"
            self._fail(raw.start, f"no query is named {raw.text}", f"known: {known[:_READING_LIMIT]}")
        node = self._named[name]
        if field or (part and any(isinstance(below, In | Value) for below in walk(node))):
            self._fail(raw.start, f"{raw.text} inside {field or part}:", "it has fields of its own")
        self._terms += sum(1 for below in walk(node) if isinstance(below, Literal | Value))
        return node

    def _join(self, raw: _Joined, children: list[Node]) -> Node:
        flat: list[Node] = []
        for child in children:
            flat += child.children if isinstance(child, And | Or) and type(child) is raw.kind else [child]
        if raw.kind is Or and any(map(is_negative, flat)):
            self._fail(raw.start, "an alternative that only excludes", "it would hold for nearly every item")
        return raw.kind(tuple(flat))

    def _words(self, leaf: _Leaf) -> Literal:
        if not leaf.is_quoted and not leaf.mark:
            self._check_bare(leaf)
        terms: list[Term] = []
        place = leaf.start
        for piece in leaf.text.split():
            place = self._query.index(piece, place)
            mark = _MARK.match(piece) if leaf.is_quoted and not leaf.mark else None
            skipped = mark.end() if mark else 0
            terms += self._terms_of(piece[skipped:], mark[0] if mark else leaf.mark, place + skipped)
            place += len(piece)
        if not terms:
            self._fail(leaf.start, "no letter or digit to look for", "punctuation is not searched")
        return terms[0] if len(terms) == 1 else Phrase(tuple(terms))

    def _terms_of(self, piece: str, mark: str, place: int) -> list[Term]:
        """Read what stands between two spaces: usually one word, several where hyphens or dots part it."""
        if mark and ("*" in piece or "?" in piece):
            self._fail(place, f"a wildcard behind {mark}", "write the word out")
        if mark == "!":
            cut = tokenize(piece, "")
            return [Cased(cut.surface(word, word)) for word in range(cut.title_count)]
        if mark:
            return [self._forms(word, mark, place) for word in words_of(piece)]
        if "?" in piece.rstrip("?*") or ("?" in piece and words_of(piece)):
            return [self._pattern(piece, place)]
        starred = piece.endswith("*")
        if "*" in piece.rstrip("*"):
            self._fail(
                place + piece.index("*"), "* may stand only at the end of a word", "write the words out, with OR"
            )
        words: list[Term] = [Word(word) for word in words_of(piece)]
        if not starred:
            return words
        if not words:
            self._fail(place, "nothing before the *", f"write at least {PREFIX_LEAST} letters before it")
        last = words_of(piece)[-1]
        if not _is_whole_by_itself(last):
            least = 2 if "\uac00" <= last[0] <= "\ud7a3" else PREFIX_LEAST
            if len(last) < least:
                self._fail(place, f"{piece} fits too many words", f"write at least {least} letters before the *")
            words[-1] = Word(last, True)
        return words

    def _pattern(self, piece: str, place: int) -> Pattern:
        starred = piece.endswith("*")
        stem = piece.rstrip("*")
        if "*" in stem:
            self._fail(place + piece.index("*"), "* may stand only at the end of a word", "write ? for one letter")
        parts = [words_of(part) for part in stem.split("?")]
        if any(len(part) > 1 for part in parts):
            self._fail(place, f"{piece} is more than one word", 'write "…" around words')
        pattern = Pattern("?".join(part[0] if part else "" for part in parts) + "*" * starred)
        if len(pattern.beginning) < PREFIX_LEAST:
            self._fail(place, f"{piece} fits too many words", f"write at least {PREFIX_LEAST} letters before the ?")
        return pattern

    def _forms(self, word: str, mark: str, place: int) -> Forms:
        language = mark[1:-1] or language_of(word)
        if language not in LANGUAGES:
            self._fail(place - len(mark), f"no endings are known for {language}", f"known: {', '.join(LANGUAGES)}")
        return Forms(word, language)

    def _check_bare(self, leaf: _Leaf) -> None:
        meant = unicodedata.normalize("NFKC", leaf.text).translate(_LOOK_ALIKES)
        if meant.lower() in ("and", "or", "not") and not leaf.text.isascii():
            self._fail(
                leaf.start, f"looks like {meant}, but holds other letters or marks",
                f'type {meant.upper()} for the operator, "{meant.lower()}" in quotes for the word',
            )  # fmt: skip
        if leaf.text.lower() in ("and", "or", "not") and not leaf.text.isupper():
            self._fail(
                leaf.start, f"{leaf.text} may be an operator or a word",
                f'write {leaf.text.upper()} for the operator, "{leaf.text.lower()}" in quotes for the word',
            )  # fmt: skip
        if _ALMOST.fullmatch(leaf.text) or leaf.text in _BARE_OPERATORS:
            self._fail(
                leaf.start, f"{leaf.text} is no operator as it stands",
                f'write NEAR/5, ONEAR/5, w/s, w/p, ATLEAST3(…) or FIRST/50; for the word: "{leaf.text.lower()}"',
            )  # fmt: skip
        if _REGEX.fullmatch(leaf.text):
            self._fail(
                leaf.start,
                "regular expressions are not matched",
                "write the words with OR, * and ?; in quotes as words",
            )
        if "$" in leaf.text:
            self._fail(
                leaf.start + leaf.text.index("$"), "$ is no wildcard here", "write * for any ending, ? for one letter"
            )

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
        if field in WORD_FIELDS:
            text = " ".join(words_of(text))
            if not text:
                self._fail(leaf.start, "no letter or digit to look for", f"write {field}:word")
        return Value(field, text.lower(), starred)


def _is_whole_by_itself(word: str) -> bool:
    """Say whether a word is a Han or Kana character, which begins no longer word."""
    return len(word) == 1 and len(words_of(word * 2)) == 2


def _code_hint(field: str, text: str) -> str:
    if field == "lang":
        return "for instance lang:ru"
    found = entities_of_text(text) or entities_of_text(text.title())
    return f"write country:{found[0]['id'].removeprefix('country:')}" if found else "for instance country:IR"
