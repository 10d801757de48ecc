"""A mistake in a query, and what every language of queries is refused for before it is read."""

from __future__ import annotations

import re
from typing import NoReturn

from connectors.errors import WirewatchError

LENGTH_LIMIT = 20_000
DEPTH_LIMIT = 40
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Quotation marks of all kinds are one.
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))


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
        shown = CONTROL.sub("\ufffd", shown)
        return f"{shown}\n{' ' * (self.column - 1 - first)}^\n{self}"


def fail(query: str, place: int, message: str, hint: str = "") -> NoReturn:
    """Refuse a query. Errors: QueryError, always."""
    raise QueryError(query, place, message, hint)


def check_length(query: str) -> None:
    """Refuse what nobody types. Errors: QueryError."""
    if len(query) > LENGTH_LIMIT:
        fail(query, LENGTH_LIMIT, f"{len(query)} characters, at most {LENGTH_LIMIT} are read", "make it several rules")


def fail_unquoted(query: str, place: int) -> NoReturn:
    """Refuse a quotation mark without its other. Errors: QueryError, always."""
    fail(query, place, "this quotation mark is never closed", 'write "…" around a phrase')


def fail_empty(query: str, place: int = 0) -> NoReturn:
    """Refuse a query without a word. Errors: QueryError, always."""
    fail(query, place, "the query is empty", "write at least one word")


class Brackets:
    """Follows the parentheses of a query, and refuses those that are unopened, empty, too deep or unclosed."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._opened: list[int] = []

    def open(self, place: int) -> None:
        """Go one level down. Errors: QueryError."""
        self._opened.append(place)
        if len(self._opened) > DEPTH_LIMIT:
            fail(self._query, place, f"more than {DEPTH_LIMIT} parentheses inside one another", "flatten it")

    def close(self, place: int, *, is_empty: bool = False) -> None:
        """Go one level up; ``is_empty``: there is no word between, whatever else. Errors: QueryError."""
        if not self._opened:
            fail(self._query, place, "this parenthesis was never opened", "delete it or open it before")
        if not self._query[self._opened.pop() + 1 : place].strip() or is_empty:
            fail(self._query, place, "nothing between the parentheses", "write a word or delete them")

    def end(self) -> None:
        """Refuse what is still open. Errors: QueryError."""
        if self._opened:
            fail(self._query, self._opened[-1], "this parenthesis is never closed", "add a ) where the group ends")
