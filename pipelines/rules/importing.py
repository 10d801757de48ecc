"""What ``wirewatch rules import`` does with a file of queries in another vendor's language."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from connectors.errors import Fault, SettingsError
from pipelines.archive import opened
from pipelines.rules.dialects import translate
from pipelines.rules.mistakes import QueryError

_SIZE_LIMIT = 8 * 1024 * 1024
_NAME_LIMIT = 60


def import_file(dialect: str, path: str, *, is_one: bool, name: str) -> int:
    """Print a file's queries as YAML rules, or all mistakes on stderr with a caret under each; gives the exit code.

    "-" is standard input. Errors: SettingsError for a file that cannot be read or holds no query.
    """
    rules: list[str] = []
    mistakes: list[str] = []
    for line, query in _queries(_read(path), is_one=is_one):
        try:
            rules.append(rule_text(query, dialect, path, line, _name_of(name, path, 0 if is_one else line)))
        except QueryError as error:
            fault = Fault(path, line + error.line - 1, f"column {error.column}", error.reason)
            mistakes.append("\n".join([str(fault), *error.pointed().split("\n")[:2]]))
    if mistakes:
        # No rules then: half of a file would look like the whole.
        print("\n".join(mistakes), file=sys.stderr)
        return 2
    if not rules:
        raise SettingsError([Fault(path, 0, "", "expected queries, one a line, found none")])
    print("rules:\n" + "".join(rules), end="")
    return 0


def rule_text(query: str, dialect: str, path: str, line: int, name: str) -> str:
    """Write one rule in YAML, the query it comes from in a comment above. Errors: QueryError."""
    rule = {"name": name, "query": translate(query, dialect)}
    written = yaml.safe_dump([rule], allow_unicode=True, sort_keys=False, width=float("inf"))
    came_from = f"{path}:{line}: {' '.join(query.split())}"
    return f"# {''.join(char if char.isprintable() else ' ' for char in came_from)}\n{written}"


def _read(path: str) -> str:
    with opened(path) as file:
        raw = file.read(_SIZE_LIMIT + 1)
    if len(raw) > _SIZE_LIMIT:
        raise SettingsError([Fault(path, 0, "", f"expected at most {_SIZE_LIMIT} bytes, got more")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError([Fault(path, line, "", f"no UTF-8 text: {error.reason}")]) from error


def _queries(text: str, *, is_one: bool) -> Iterator[tuple[int, str]]:
    """Give the queries of a file, each with the 1-based line at which it begins; empty lines are none."""
    text = text.replace("\r\n", "\n")
    for line, query in [(1, text.rstrip())] if is_one else enumerate(text.split("\n"), 1):
        if query.strip():
            yield line, query


def _name_of(name: str, path: str, line: int) -> str:
    """Make a rule's name of what was asked for, else of the file's name, and of the line."""
    base = name or ("imported" if path == "-" else Path(path).stem)
    clean = re.sub(r"[^\w.-]+", "-", base).strip("-._")[:_NAME_LIMIT] or "imported"
    return f"{clean}-{line}" if line else clean
