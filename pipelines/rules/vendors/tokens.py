"""Cuts a query of any dialect, and refuses what nobody could read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pipelines.rules.mistakes import QUOTES, Brackets, check_length, fail, fail_empty, fail_unquoted


@dataclass(frozen=True, slots=True)
class Token:
    """A run of characters; ``kind`` is the name of the lexer's group that took it."""

    kind: str
    text: str
    place: int
    # Of the whole query: nothing stands between it and the next token where the next begins here.
    end: int


def tokens_of(query: str, lexer: re.Pattern[str]) -> list[Token]:
    """Cut a query by a lexer whose groups "open", "close" and "quoted" are brackets and quotations.

    Errors: QueryError for what is too long, nested too deep, unbalanced, empty or no text.
    """
    check_length(query)
    for place, char in enumerate(query):
        if not char.isprintable() and not char.isspace() and unicodedata.category(char) in ("Cc", "Cs"):
            fail(query, place, f"control character U+{ord(char):04X}", "delete it or type a space")
    tokens: list[Token] = []
    brackets = Brackets(query)
    for found in lexer.finditer(query.translate(QUOTES)):
        token = Token(str(found.lastgroup), found[0], found.start(), found.end())
        if token.kind == "open":
            brackets.open(token.place)
        elif token.kind == "close":
            brackets.close(token.place, is_empty=bool(tokens) and tokens[-1].kind == "open")
        elif token.kind == "quoted" and (len(token.text) < 2 or not token.text.endswith('"')):
            fail_unquoted(query, token.place)
        tokens.append(token)
    brackets.end()
    if not tokens:
        fail_empty(query)
    return tokens
