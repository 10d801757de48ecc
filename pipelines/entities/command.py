"""What ``wirewatch entities`` does with a file of texts, one JSON object a line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from connectors.errors import Fault, SettingsError
from pipelines.archive import opened, read_objects
from pipelines.entities.countries import entities_of_text
from pipelines.text.language import detect


def entities_of_lines(lines: Iterable[str | bytes], path: str = "input") -> Iterator[dict[str, Any]]:
    """Give ``{"id", "entities"}`` for each line's ``{"id", "text", "language"}``; language is optional.

    Offsets are code points into the text as given. Errors: SettingsError naming the line.
    """
    for number, found in read_objects(lines, path):
        text, language = found.get("text"), found.get("language") or ""
        if not isinstance(text, str) or not isinstance(language, str):
            raise SettingsError([Fault(path, number, "", 'expected {"id", "text", "language"} with text in "text"')])
        language = language.lower()[:2] or detect("", text, "", ())
        yield {"id": found.get("id"), "entities": entities_of_text(text, language)}


def entities_of_file(input_path: str) -> int:
    """Print the entities of each line of a file ("-": standard input). Errors: SettingsError."""
    with opened(input_path) as lines:
        for result in entities_of_lines(lines, input_path):
            sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 0
