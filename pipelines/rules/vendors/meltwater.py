"""Reads Meltwater's boolean search."""

from __future__ import annotations

import re
from typing import ClassVar

from pipelines.rules.vendors.reader import BOOLEANS, QUOTED, Reader, place_of
from pipelines.rules.vendors.tokens import Token
from pipelines.rules.vendors.tree import Kind, Operator, Tree, Words


class Meltwater(Reader):
    """Phrases are quoted; NOT binds tighter than AND, AND tighter than OR, NEAR tightest."""

    lexer = re.compile(
        rf"(?P<open>\()|(?P<close>\))|(?P<boost>\^\d+)|(?P<cased>!(?=[\"\w(]))|{QUOTED}"
        r"|(?P<field>[A-Za-z][\w.]*:(?=[\"(\w!]))|(?P<word>[^\s()\"^]+)"
    )
    levels = (Kind.OR, Kind.AND, Kind.NOT, Kind.NEAR)
    fields: ClassVar[dict[str, str]] = {"title": "title:", "ingress": "lead:"}
    # Words between the two where no number is written.
    between = 4

    def read(self) -> Tree:
        """Read the whole query. What is preferred in the list of hits changes no match and is left out."""
        self._tokens = [token for token in self._tokens if token.kind != "boost"]
        return super().read()

    def _operator(self, token: Token) -> Operator | None:
        text = token.text.lower()
        if token.kind != "word":
            return None
        if text in BOOLEANS:
            return Operator(BOOLEANS[text], token.text, text.upper(), token.place)
        if found := re.fullmatch(r"(o?near)(?:/(\d{1,9}))?", text):
            # Meltwater counts the words between, we the steps from one to the other.
            return Operator(
                Kind.NEAR, token.text, f"{found[1].upper()}/{int(found[2] or self.between) + 1}", token.place
            )
        return None

    def _operand(self) -> Tree:
        token = self._tokens[self._at]
        if token.kind != "cased":
            return super()._operand()
        self._at += 1
        following = self._peek()
        tree = super()._operand() if following is not None and following.kind in ("word", "quoted") else None
        if not isinstance(tree, Words):
            self._fail(token.place, "! needs a word or phrase", 'write !"NASA"')
        return Words(tree.words, token.place, "!")

    def _scoped(self, token: Token) -> Tree:
        name = token.text[:-1].lower()
        if name not in self.fields:
            known = ", ".join(f"{field}:" for field in self.fields)
            self._fail(token.place, f"{token.text} has no counterpart", f"known: {known}; for the text quote it")
        return self._in_field(self.fields[name], self._operand(), token.place)

    def _spelled(self, word: str, place: int) -> str:
        return word

    def _beside(self, operands: list[Tree]) -> Tree:
        self._fail(
            place_of(operands[1]),
            "no operator between this and what stands before it",
            'write AND or OR, or "…" around a phrase',
        )
