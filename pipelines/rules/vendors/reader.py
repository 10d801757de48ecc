"""Reads a query as most of the languages are read; each says what is different."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import NoReturn

from pipelines.rules.mistakes import fail
from pipelines.rules.vendors.tokens import Token, tokens_of
from pipelines.rules.vendors.tree import (
    Excluded,
    Joined,
    Kind,
    Operator,
    Pair,
    Piece,
    Row,
    Scoped,
    Tree,
    Words,
    joined,
)

QUOTED = r'(?P<quoted>"[^"]*"?)'
TITLE_AND_LEAD = "title:lead:"
# What other languages mean something by must not be searched as words unnoticed.
_OPERATOR_ELSEWHERE = re.compile(r"(?:o?near|adj|pre|atleast|first)/?\d+|w/(?:\d+|[sp])|/[nf]\d+/|\w+(\$)\d?", re.I)
BOOLEANS = {"and": Kind.AND, "or": Kind.OR, "not": Kind.NOT}


class Reader:
    """Reads a query as most of them are read; each dialect says what is different."""

    lexer: re.Pattern[str]
    # From the loosest operator to the tightest.
    levels: tuple[Kind, ...]
    # Sign for any ending that no other language has.
    truncation = ""

    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = tokens_of(query, self.lexer)
        self._at = 0

    def read(self) -> Tree:
        """Read the whole query."""
        return self._row(0)

    def _fail(self, place: int, message: str, hint: str = "") -> NoReturn:
        fail(self._query, place, message, hint)

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _row(self, place: int) -> Tree:
        """Read up to a closing parenthesis or the end."""
        pieces: list[Piece] = []
        while (token := self._peek()) is not None and token.kind != "close":
            operator = self._operator(token)
            if operator is None:
                pieces.append(self._operand())
            else:
                self._at += 1
                pieces.append(operator)
        return Row(self._query, self._beside).join(self._checked(pieces), self.levels, place)

    def _checked(self, pieces: list[Piece]) -> list[Piece]:
        """Merge AND NOT into NOT; refuse what no dialect gives a meaning."""
        kept: list[Piece] = []
        for piece in pieces:
            before = kept[-1] if kept else None
            if isinstance(piece, Operator) and isinstance(before, Operator):
                if before.kind is Kind.NOT and piece.kind is Kind.NOT:
                    self._fail(piece.place, "excluded twice", "write NOT once")
                if before.kind is Kind.NOT and piece.kind in (Kind.NEAR, Kind.SENTENCE, Kind.PARAGRAPH):
                    self._fail(
                        before.place,
                        f"{before.written} {piece.written} has no counterpart",
                        "exclude in a NOT of its own",
                    )
                if before.kind is Kind.OR and piece.kind is Kind.NOT:
                    self._fail(piece.place, "an alternative that only excludes", "it would hold for nearly every item")
                if before.kind is Kind.AND and piece.kind is Kind.NOT and len(kept) > 1:
                    kept.pop()
            kept.append(piece)
        return kept

    def _operand(self) -> Tree:
        """Read a word, a phrase or a group, with the field or command before it."""
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "open":
            tree = self._row(token.place + 1)
            self._at += 1
            return tree
        if token.kind == "quoted":
            return self._phrase(token)
        if token.kind in ("field", "command"):
            following = self._peek()
            if following is None or following.kind in ("close", "field"):
                self._fail(
                    token.place, f"nothing that {token.text} could be said of", "write a word or a group after it"
                )
            return self._scoped(token)
        return self._word(token)

    def _phrase(self, token: Token) -> Tree:
        place = token.place + 1
        found = re.finditer(r"\S+", token.text[1:-1])
        return Words(tuple(self._spelled(word[0], place + word.start()) for word in found), token.place)

    def _word(self, token: Token) -> Tree:
        elsewhere = _OPERATOR_ELSEWHERE.fullmatch(token.text)
        if elsewhere and elsewhere[1] != self.truncation:
            self._fail(token.place, f"{token.text} is an operator of another language", "for the word itself quote it")
        return Words((self._spelled(token.text, token.place),), token.place)

    def _scoped(self, token: Token) -> Tree:
        raise NotImplementedError

    def _operator(self, token: Token) -> Operator | None:
        raise NotImplementedError

    def _spelled(self, word: str, place: int) -> str:
        """Give a word with our wildcards for its own."""
        raise NotImplementedError

    def _beside(self, operands: list[Tree]) -> Tree:
        raise NotImplementedError

    def _one_phrase(self, operands: Sequence[Tree]) -> list[Tree]:
        """Make words side by side the phrase that they are."""
        merged: list[Tree] = []
        for is_plain, run in groupby(operands, key=lambda operand: isinstance(operand, Words) and not operand.mark):
            row = list(run)
            words = [word for operand in row if isinstance(operand, Words) for word in operand.words]
            merged += [Words(tuple(words), place_of(row[0]))] if is_plain else row
        return merged

    def _in_field(self, field: str, child: Tree, place: int) -> Tree:
        """Say something of a field of ours; of title and lead together, word by word: each may be in either."""
        if field != TITLE_AND_LEAD:
            return Scoped(field, child, place)
        if isinstance(child, Joined):
            return joined(child.joint, [self._in_field(field, one, place) for one in child.children])
        if isinstance(child, Excluded):
            return Excluded(self._in_field(field, child.child, place), child.place)
        if isinstance(child, Scoped):
            self._fail(child.place, "a field, count or extent in title and lead together", "say it of each by itself")
        return joined("OR", [Scoped("title:", child, place), Scoped("lead:", child, place)])


def place_of(tree: Tree) -> int:
    """Give where an operand was written."""
    if isinstance(tree, Joined):
        return place_of(tree.children[0])
    return place_of(tree.left) if isinstance(tree, Pair) else tree.place
