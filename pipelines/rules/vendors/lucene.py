"""Reads the syntax of Lucene's classic query parser, which Elasticsearch's query_string shares."""

from __future__ import annotations

import re
from typing import ClassVar

from pipelines.rules.rows import VALUES
from pipelines.rules.vendors.reader import Reader
from pipelines.rules.vendors.tokens import Token
from pipelines.rules.vendors.tree import Excluded, Operator, Pair, Scoped, Tree, Words, joined
from pipelines.text.tokens import words_of


class Lucene(Reader):
    """Clauses that must, may or must not hold, as Lucene's classic parser reads them: side by side means OR."""

    lexer = re.compile(
        r'(?P<open>\()|(?P<close>\))|(?P<quoted>"(?:\\.|[^"\\])*"?)|(?P<after>[~^](?:\d+(?:\.\d+)?)?)'
        r"|(?P<range>[\[{])|(?P<regex>/(?:\\.|[^/\\])+/)|(?P<joint>&&|\|\|)|(?P<sign>[+\-!](?=[^\s)]))"
        r"|(?P<field>(?:[A-Za-z_*][\w.*]*):)|(?P<word>(?:\\.|[^\s()\"~^\[\]{}:\\])+|[\]}:\\])",
        re.S,
    )
    fields: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("title", "headline"), "title:"),
        **dict.fromkeys(("text", "body", "content"), "text:"),
        "lead": "lead:",
        "language": "lang:",
        **{name: f"{name}:" for name in VALUES},
    }

    def _row(self, place: int) -> Tree:
        """Read clauses with their signs, and what joins them."""
        # For each operand: itself, its sign ("+", "-" or ""), the joint before it, and where it begins.
        clauses: list[tuple[Tree, str, str, int]] = []
        joint, sign, last = "", "", -1
        while (token := self._peek()) is not None and token.kind != "close":
            word = token.text
            if token.kind == "joint" or word in ("AND", "OR"):
                if not clauses or joint or sign:
                    self._fail(token.place, f"{word} needs something on both sides")
                joint, last = "AND" if word in ("&&", "AND") else "OR", token.place
            elif token.kind == "sign" or word == "NOT":
                if sign:
                    self._fail(token.place, "a second sign before one operand", "write +, - or NOT once")
                sign, last = "+" if word == "+" else "-", token.place
            else:
                begins = last if sign else token.place
                clauses.append((self._operand(), sign, joint, begins))
                joint, sign, last = "", "", -1
                continue
            self._at += 1
        if last >= 0 or not clauses:
            self._fail(last if last >= 0 else place, "a word, a phrase or a group was expected behind this")
        return self._clauses(clauses)

    def _clauses(self, clauses: list[tuple[Tree, str, str, int]]) -> Tree:
        wanted = [clause for clause in clauses if clause[1] != "-"]
        for _, sign, joint, begins in clauses:
            if sign == "-" and joint == "OR":
                self._fail(begins, "an alternative that only excludes", "Lucene reads AND NOT here: write that")
        joints = {joint or "OR" for _, _, joint, _ in wanted[1:]}
        has_signs = any(sign == "+" for _, sign, _, _ in wanted)
        if joints == {"AND", "OR"} and not has_signs:
            strange = next(clause for clause in wanted[1:] if (clause[2] or "OR") != (wanted[1][2] or "OR"))
            self._fail(strange[3], "AND and OR side by side are no boolean query to Lucene", "write the parentheses")
        if has_signs:
            for _, sign, joint, begins in wanted:
                if sign != "+" and joint != "AND":
                    self._fail(
                        begins, "beside a + this only ranks, it need not be there", "delete it or put a + before it"
                    )
        kind = "AND" if has_signs or joints == {"AND"} else "OR"
        found: list[Tree] = [joined(kind, [tree for tree, *_ in wanted])] if wanted else []
        return joined("AND", [*found, *(Excluded(tree, begins) for tree, sign, _, begins in clauses if sign == "-")])

    def _operand(self) -> Tree:
        token = self._tokens[self._at]
        if token.kind == "range":
            self._fail(token.place, "ranges are not matched", "write the values with OR")
        if token.kind == "regex":
            self._fail(token.place, "regular expressions are not matched", "write the words with OR, * and ?")
        if token.kind == "after" or token.text in ("]", "}", ":", "\\"):
            self._fail(token.place, f"{token.text} behind nothing", 'for the sign itself write a phrase: "…"')
        tree = super()._operand()
        while (after := self._peek()) is not None and after.kind == "after" and after.place == self._end():
            self._at += 1
            # A boost only ranks.
            if after.text[0] == "~":
                tree = self._sloppy(token, tree, after)
        return tree

    def _end(self) -> int:
        return self._tokens[self._at - 1].end

    def _sloppy(self, token: Token, tree: Tree, after: Token) -> Tree:
        """Read "a b"~n: n moves of a word make the phrase, and to go past its neighbour takes two."""
        if token.kind != "quoted" or not isinstance(tree, Words):
            self._fail(after.place, "words that are only alike are not matched", "write * and ?, or ~word for forms")
        moves = int(float(after.text[1:] or 0))
        words = words_of(" ".join(tree.words))
        if moves == 0 or len(words) < 2:
            return tree
        if len(words) > 2:
            self._fail(after.place, "moves in a phrase of more than two words", "write NEAR between each two")
        one, other = Words((words[0],), token.place), Words((words[1],), token.place)
        forward = Pair(f"ONEAR/{moves + 1}", one, other, after.place)
        if moves == 1:
            return forward
        return joined("OR", [forward, Pair(f"ONEAR/{moves - 1}", other, one, after.place)])

    def _scoped(self, token: Token) -> Tree:
        name = token.text[:-1].lower()
        if name not in self.fields:
            known = ", ".join(self.fields)
            self._fail(token.place, f"unknown field {token.text}", f"known: {known}; for the text itself quote it")
        return Scoped(self.fields[name], self._operand(), token.place)

    def _phrase(self, token: Token) -> Tree:
        # Inside quotation marks Lucene has no wildcards.
        text = re.sub(r"[*?]", " ", re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.S))
        return Words(tuple(text.replace('"', " ").split()), token.place)

    def _word(self, token: Token) -> Tree:
        if token.text in ("and", "or", "not"):
            self._fail(
                token.place, f"{token.text} may be an operator or a word", f"write {token.text.upper()} or quote it"
            )
        return super()._word(token)

    def _spelled(self, word: str, place: int) -> str:
        return re.sub(r"\\(.)", lambda escaped: " " if escaped[1] in "*?" else escaped[1], word, flags=re.S)

    def _operator(self, token: Token) -> Operator | None:
        return None
