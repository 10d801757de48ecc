"""Reads Nexis's terms and connectors, in the order of the American services."""

from __future__ import annotations

import re
from typing import ClassVar

from pipelines.rules.vendors.reader import BOOLEANS, QUOTED, TITLE_AND_LEAD, Reader, place_of
from pipelines.rules.vendors.tokens import Token
from pipelines.rules.vendors.tree import Kind, Operator, Scoped, Tree, Words, in_each_word, joined


class Nexis(Reader):
    """Words side by side are a phrase; OR binds tightest, then distances, AND, and AND NOT loosest."""

    lexer = re.compile(rf"(?P<open>\()|(?P<close>\))|{QUOTED}|(?P<command>[A-Za-z]+\d*(?=\())|(?P<word>[^\s()\"]+)")
    levels = (Kind.NOT, Kind.AND, Kind.PARAGRAPH, Kind.SENTENCE, Kind.NEAR, Kind.OR)
    fields: ClassVar[dict[str, str]] = {"headline": "title:", "lead": "lead:", "hlead": TITLE_AND_LEAD, "body": "text:"}
    distance = re.compile(r"(w|near|pre|onear|\+|)/?(\d+|s|p|sent|para|seg)")
    units: ClassVar[dict[str, tuple[Kind, str]]] = {"s": (Kind.SENTENCE, "w/s"), "p": (Kind.PARAGRAPH, "w/p")}

    def _operator(self, token: Token) -> Operator | None:
        text, place = token.text.lower(), token.place
        # "and(…)" is an operator before a group, "caps(…)" a command.
        if token.kind not in ("word", "command"):
            return None
        if text in BOOLEANS:
            return Operator(BOOLEANS[text], token.text, text.upper(), place)
        found = self.distance.fullmatch(text) if "/" in text or text.startswith("+") else None
        if found is None:
            return None
        is_ordered = found[1] in ("pre", "onear", "+")
        if found[2].isdigit():
            return Operator(Kind.NEAR, token.text, f"{'ONEAR' if is_ordered else 'NEAR'}/{found[2]}", place)
        if is_ordered or found[2] == "seg":
            self._fail(place, f"{token.text} has no counterpart", "write w/s for a sentence, w/p for a paragraph")
        kind, ours = self.units[found[2][0]]
        return Operator(kind, token.text, ours, place)

    def _scoped(self, token: Token) -> Tree:
        name, place = token.text.lower(), token.place
        child = self._operand()
        if found := re.fullmatch(r"(?:atleast|atl)(\d+)", name):
            return Scoped(f"ATLEAST{found[1]}", child, place)
        if name in ("caps", "allcaps", "nocaps"):
            return in_each_word(child, lambda words: self._cased(words, name))
        if name not in self.fields:
            known = ", ".join((*self.fields, "atleast5", "caps", "allcaps", "nocaps"))
            self._fail(
                place, f"{token.text}(…) has no counterpart", f"known: {known}; a space parts a word from a group"
            )
        return self._in_field(self.fields[name], child, place)

    def _cased(self, words: Words, name: str) -> Tree:
        """CAPS takes a capital letter anywhere: the usual spellings, and the one that was written."""
        uppers = tuple(word.upper() for word in words.words)
        if name != "caps":
            return Words(uppers if name == "allcaps" else tuple(word.lower() for word in words.words), words.place, "!")
        titles = tuple(word[:1].upper() + word[1:].lower() for word in words.words)
        written = [words.words] if any(word != word.lower() for word in words.words) else []
        spellings = list(dict.fromkeys([*written, titles, uppers]))
        return joined("OR", [Words(spelling, words.place, "!") for spelling in spellings])

    def _word(self, token: Token) -> Tree:
        stem = token.text[:-1]
        if not token.text.endswith("*") or not stem or stem.endswith("*"):
            return super()._word(token)
        # At a word's end the star is one letter or none.
        short, long = self._spelled(stem, token.place), self._spelled(stem, token.place) + "?"
        return joined("OR", [Words((short,), token.place), Words((long,), token.place)])

    def _spelled(self, word: str, place: int) -> str:
        if "!" in word[:-1]:
            self._fail(place + word.index("!"), "! may stand only at the end of a word", "write * for one letter")
        if word.endswith("*"):
            self._fail(place + len(word) - 1, "a * that may be no letter at all", "write ! for any ending, or OR")
        ours = word.replace("*", "?")
        return f"{ours[:-1]}*" if ours.endswith("!") else ours

    def _beside(self, operands: list[Tree]) -> Tree:
        merged = self._one_phrase(operands)
        if len(merged) > 1:
            place = place_of(merged[1])
            self._fail(place, "no operator between this and what stands before it", "write and, or, or pre/1")
        return merged[0]
