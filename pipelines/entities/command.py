"""What ``wirewatch entities`` does with a file of texts, one JSON object a line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from connectors.errors import Fault, SettingsError
from pipelines.archive import opened, read_objects
from pipelines.entities.find import as_object, entities_of_text, year_of
from pipelines.entities.table import Starts
from pipelines.entities.unlisted import Marked, unlisted
from pipelines.text.language import detect

# Marks names in a text of a language; given only where names that no list has are asked for.
Mark: TypeAlias = "Callable[[str, str], Sequence[Marked]]"


def entities_of_lines(
    lines: Iterable[str | bytes],
    path: str = "input",
    starts: Starts | None = None,
    mark: Mark | None = None,
    *,
    explain: bool = False,
) -> Iterator[dict[str, Any]]:
    """Give ``{"id", "entities"}`` for each line's ``{"id", "text", "language", "date"}``; the last two are optional.

    With ``mark`` the names that no list has stand among those that are listed, in reading order. Offsets are code
    points into the text as given. Errors: SettingsError naming the line.
    """
    for number, found in read_objects(lines, path):
        text, language = found.get("text"), found.get("language") or ""
        if not isinstance(text, str) or not isinstance(language, str):
            raise SettingsError([Fault(path, number, "", 'expected {"id", "text", "language"} with text in "text"')])
        language = language.lower()[:2] or detect("", text, "", ())
        year = year_of(found.get("date"))
        entities = entities_of_text(text, language, year, explain=explain, starts=starts)
        if mark is not None:
            listed = [(each["start"], each["end"]) for each in entities]
            entities += map(as_object, unlisted(text, listed, mark(language, text)))
            entities.sort(key=lambda each: each["start"])
        yield {"id": found.get("id"), "entities": entities}


def entities_of_file(
    input_path: str, starts: Starts | None = None, mark: Mark | None = None, *, explain: bool = False
) -> int:
    """Print the entities of each line of a file ("-": standard input). Errors: SettingsError."""
    with opened(input_path) as lines:
        for result in entities_of_lines(lines, input_path, starts, mark, explain=explain):
            sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 0
