"""What ``wirewatch entities`` does with a file of texts, one JSON object a line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from connectors.errors import Fault, SettingsError
from pipelines.archive import opened, read_objects
from pipelines.entities.find import entities_of_text, year_of
from pipelines.entities.own import read_own, starts_of
from pipelines.entities.table import Starts
from pipelines.text.language import detect


def entities_of_lines(
    lines: Iterable[str | bytes], path: str = "input", starts: Starts | None = None, *, explain: bool = False
) -> Iterator[dict[str, Any]]:
    """Give ``{"id", "entities"}`` for each line's ``{"id", "text", "language", "date"}``; the last two are optional.

    Offsets are code points into the text as given. Errors: SettingsError naming the line.
    """
    for number, found in read_objects(lines, path):
        text, language = found.get("text"), found.get("language") or ""
        if not isinstance(text, str) or not isinstance(language, str):
            raise SettingsError([Fault(path, number, "", 'expected {"id", "text", "language"} with text in "text"')])
        language = language.lower()[:2] or detect("", text, "", ())
        year = year_of(found.get("date"))
        yield {
            "id": found.get("id"),
            "entities": entities_of_text(text, language, year, explain=explain, starts=starts),
        }


def entities_of_file(input_path: str, names: tuple[str, ...] = (), *, explain: bool = False) -> int:
    """Print the entities of each line of a file ("-": standard input). Errors: SettingsError."""
    starts = starts_of(read_own(names))
    with opened(input_path) as lines:
        for result in entities_of_lines(lines, input_path, starts, explain=explain):
            sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 0
