"""Reads Factiva's language (traditional search), after its developer's help."""

from __future__ import annotations

import re
from typing import ClassVar

from pipelines.rules.vendors.reader import BOOLEANS, QUOTED, TITLE_AND_LEAD, Reader, place_of
from pipelines.rules.vendors.tokens import Token
from pipelines.rules.vendors.tree import Excluded, Joined, Kind, Operator, Pair, Scoped, Tree, joined


class Factiva(Reader):
    """Words side by side are a phrase; distances bind tightest, then fields and counts, NOT, AND, OR."""

    lexer = re.compile(
        rf"(?P<open>[(\[])|(?P<close>[)\]])|{QUOTED}|(?P<beside>/[nN]\d+/)|(?P<first>/[fF]\d+/)"
        r"|(?P<field>[A-Za-z]{2,6}=)|(?P<word>(?:(?!/[nNfF]\d+/)[^\s()\[\]\"])+)"
    )
    levels = (Kind.OR, Kind.AND, Kind.NOT, Kind.PREFIX, Kind.PARAGRAPH, Kind.NEAR)
    truncation = "$"
    fields: ClassVar[dict[str, str]] = {
        "hd": "title:",
        "lp": "lead:",
        "hlp": TITLE_AND_LEAD,
        "td": "text:",
        "la": "lang:",
    }

    def _operator(self, token: Token) -> Operator | None:
        text, place = token.text.lower(), token.place
        if token.kind == "beside":
            return Operator(Kind.NEAR, token.text, f"NEAR/{text[2:-1]}", place)
        if token.kind == "first":
            return Operator(Kind.POSTFIX, token.text, f"FIRST/{text[2:-1]}", place)
        if token.kind == "field":
            if text[:-1] not in self.fields:
                known = ", ".join(f"{name}=" for name in self.fields)
                self._fail(place, f"no field here is Factiva's {text}", f"known: {known}; or write country: or source:")
            return Operator(Kind.PREFIX, token.text, self.fields[text[:-1]], place)
        if token.kind != "word":
            return None
        if text in BOOLEANS:
            return Operator(BOOLEANS[text], token.text, text.upper(), place)
        if text == "same":
            return Operator(Kind.PARAGRAPH, token.text, "w/p", place)
        if found := re.fullmatch(r"(near|adj|w/)(\d*)", text):
            if not found[2] and found[1] != "adj":
                self._fail(place, f"{token.text} without a number", "write near5 or w/5; for the word itself quote it")
            ours = "NEAR" if found[1] == "near" else "ONEAR"
            return Operator(Kind.NEAR, token.text, f"{ours}/{found[2] or 1}", place)
        if found := re.fullmatch(r"atleast(\d+)", text):
            return Operator(Kind.PREFIX, token.text, f"ATLEAST{found[1]}", place)
        if re.match(r"wc[<>=]|date$|%$", text):
            self._fail(place, f"{token.text} has no counterpart", "leave it out; for the word itself quote it")
        return None

    def read(self) -> Tree:
        """Read the whole query."""
        return self._with_fields(super().read())

    def _with_fields(self, tree: Tree) -> Tree:
        """Put title and lead together into the words below; the other fields stand as they are."""
        if isinstance(tree, Scoped):
            child = self._with_fields(tree.child)
            if tree.prefix != TITLE_AND_LEAD:
                return Scoped(tree.prefix, child, tree.place)
            return self._in_field(TITLE_AND_LEAD, child, tree.place)
        if isinstance(tree, Joined):
            return joined(tree.joint, [self._with_fields(child) for child in tree.children])
        return Excluded(self._with_fields(tree.child), tree.place) if isinstance(tree, Excluded) else tree

    def _spelled(self, word: str, place: int) -> str:
        if found := re.search(r"\$\d", word):
            self._fail(
                place + found.start(), f"{found[0]} counts the letters", "write $ for any ending, ? for one letter"
            )
        if "$" in word[:-1]:
            self._fail(place + word.index("$"), "$ may stand only at the end of a word", "write ? for one letter")
        # Single quotes are spaces to Factiva, as they are to us; only a star may end a word here.
        return word.strip("'").replace("$", "*")

    def _beside(self, operands: list[Tree]) -> Tree:
        merged = self._one_phrase(operands)
        if len(merged) > 2:
            place = place_of(merged[2])
            self._fail(place, "more than two groups side by side", "put an operator or quotation marks")
        # The default operator is adj.
        return merged[0] if len(merged) == 1 else Pair("ONEAR/1", merged[0], merged[1], place_of(merged[1]))
