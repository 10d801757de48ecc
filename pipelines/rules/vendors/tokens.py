"""Cuts a query of any dialect, and refuses what nobody could read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NoReturn

from pipelines.rules.syntax import DEPTH_LIMIT, LENGTH_LIMIT, QueryError

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))


@dataclass(frozen=True, slots=True)
class Token:
    """A run of characters; ``kind`` is the name of the lexer's group that took it."""

    kind: str
    text: str
    place: int
    # Of the whole query: nothing stands between it and the next token where the next begins here.
    end: int


def fail(query: str, place: int, message: str, hint: str = "") -> NoReturn:
    """Refuse a query. Errors: QueryError, always."""
    raise QueryError(query, place, message, hint)


def tokens_of(query: str, lexer: re.Pattern[str]) -> list[Token]:
    """Cut a query by a lexer whose groups "open", "close" and "quoted" are brackets and quotations.

    Errors: QueryError for what is too long, nested too deep, unbalanced, empty or no text.
    """
    if len(query) > LENGTH_LIMIT:
        fail(query, LENGTH_LIMIT, f"{len(query)} characters, at most {LENGTH_LIMIT} are read", "make it several rules")
    for place, char in enumerate(query):
        if not char.isprintable() and not char.isspace() and unicodedata.category(char) in ("Cc", "Cs"):
            fail(query, place, f"control character U+{ord(char):04X}", "delete it or type a space")
    tokens: list[Token] = []
    opened: list[int] = []
    for found in lexer.finditer(query.translate(_QUOTES)):
        token = Token(str(found.lastgroup), found[0], found.start(), found.end())
        if token.kind == "open":
            opened.append(token.place)
            if len(opened) > DEPTH_LIMIT:
                fail(query, token.place, f"more than {DEPTH_LIMIT} parentheses inside one another", "flatten it")
        elif token.kind == "close":
            if not opened:
                fail(query, token.place, "this parenthesis was never opened", "delete it or open it before")
            if tokens[-1].kind == "open":
                fail(query, token.place, "nothing between the parentheses", "write a word or delete them")
            opened.pop()
        elif token.kind == "quoted" and (len(token.text) < 2 or not token.text.endswith('"')):
            fail(query, token.place, "this quotation mark is never closed", 'write "…" around a phrase')
        tokens.append(token)
    if opened:
        fail(query, opened[-1], "this parenthesis is never closed", "add a ) where the group ends")
    if not tokens:
        fail(query, 0, "the query is empty", "write at least one word")
    return tokens
