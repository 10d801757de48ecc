"""Spells a tree in our language, and finds for a fault of ours its place in the query as it was written."""

from __future__ import annotations

import re
from bisect import bisect_right

from pipelines.rules.mistakes import QueryError, fail
from pipelines.rules.print import RESERVED
from pipelines.rules.syntax import parse
from pipelines.rules.vendors.tree import Excluded, Pair, Scoped, Tree, Words
from pipelines.text.tokens import words_of

# Words that need no quotation marks in our language; all others get them.
_PLAIN = re.compile(r"(?:[^\W\d_]+|\d+)(?:\?[^\W\d_]*)*\*?")
_NO_LETTER = re.compile('[!~"]')


def spell(query: str, tree: Tree) -> str:
    """Spell a tree in our language, which has read it. Errors: QueryError, at its place in the original query."""
    speller = _Speller(query)
    speller.spell(tree, is_inner=False)
    ours = "".join(speller.written)
    try:
        parse(ours)
    except QueryError as error:
        nearest = bisect_right(speller.offsets, error.place) - 1
        fail(query, speller.places[max(0, nearest)], error.message, error.hint)
    return ours


class _Speller:
    """Writes our language, and where in the original each part of it comes from."""

    def __init__(self, query: str) -> None:
        self._query = query
        self.written: list[str] = []
        self._length = 0
        # Offsets into what was written, and for each the place in the original.
        self.offsets: list[int] = []
        self.places: list[int] = []

    def _write(self, text: str, place: int | None = None) -> None:
        if place is not None:
            self.offsets.append(self._length)
            self.places.append(place)
        self.written.append(text)
        self._length += len(text)

    def spell(self, tree: Tree, *, is_inner: bool) -> None:
        """Write a tree, in parentheses where it stands inside another and is more than one word."""
        if isinstance(tree, Words):
            self._words(tree)
            return
        if isinstance(tree, Scoped):
            self._write(tree.prefix, tree.place)
            # What follows a field may stand alone, what follows a count is always in parentheses.
            self._nested(tree.child, is_always=not tree.prefix.endswith(":"))
            return
        if is_inner:
            self._write("(")
        if isinstance(tree, Excluded):
            self._write("NOT ", tree.place)
            self.spell(tree.child, is_inner=True)
        elif isinstance(tree, Pair):
            self.spell(tree.left, is_inner=True)
            self._write(f" {tree.operator} ", tree.place)
            self.spell(tree.right, is_inner=True)
        else:
            for number, child in enumerate(tree.children):
                exclusion = child if tree.joint == "AND" and isinstance(child, Excluded) else None
                joint = tree.joint if exclusion is None else "NOT"
                if number or exclusion:
                    self._write(f"{' ' * (number > 0)}{joint} ", exclusion.place if exclusion else None)
                self.spell(exclusion.child if exclusion else child, is_inner=True)
        if is_inner:
            self._write(")")

    def _nested(self, child: Tree, *, is_always: bool) -> None:
        is_grouped = is_always and isinstance(child, Words | Scoped)
        if is_grouped:
            self._write("(")
        self.spell(child, is_inner=True)
        if is_grouped:
            self._write(")")

    def _words(self, term: Words) -> None:
        kept = [word for word in (_NO_LETTER.sub(" ", word).strip() for word in term.words) if words_of(word)]
        if not kept:
            fail(self._query, term.place, "no letter or digit to look for", "punctuation is not searched")
        text = " ".join(kept)
        is_plain = _PLAIN.fullmatch(text) and text.lower() not in RESERVED
        self._write(term.mark + (text if is_plain else f'"{text}"'), term.place)
