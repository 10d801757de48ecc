"""A rule as a desk writes it: its fields, what their types do not say, and where a mistake in a text stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from connectors.settings import Builder, setting
from pipelines.rules.model import WHEN, Severity

NAME = re.compile(r"[\w][\w.-]{0,79}")


@dataclass(frozen=True, slots=True)
class ScoreText:
    """A rule of weights."""

    threshold: int = setting(help="what the weights must reach", minimum=1, maximum=1_000_000)
    terms: dict[str, int] = setting(help="queries and what each adds where it holds; negative speaks against")


@dataclass(frozen=True, slots=True)
class TestsText:
    """Texts on which a rule is tried, written "title | text"."""

    match: tuple[str, ...] = setting((), help="texts for which it must hold")
    miss: tuple[str, ...] = setting((), help="texts for which it must not")


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule as a desk writes it."""

    name: str = setting(help="letters, digits, - and _; unique over all files")
    query: str = setting("", help="what to look for, in the query language")
    score: ScoreText | None = setting(None, help="in place of a query: weights that must add up to a threshold")
    severity: Severity = setting(Severity.MEDIUM, help="how loud its alerts are")
    when: tuple[str, ...] = setting((), help=f"on what it alerts: {', '.join(WHEN)}; none means all")
    routes: tuple[str, ...] = setting((), help="names of sinks; none means every sink")
    languages: tuple[str, ...] = setting((), help="two-letter codes of the languages it reads; none means all")
    tests: TestsText = setting(factory=TestsText, help="texts for `wirewatch rules test`")


def check_fields(fields: dict[str, yaml.Node], where: str, builder: Builder) -> bool:
    """Check what a type does not say, whatever else is wrong with the rule."""
    is_sound = True
    for node, value in _scalars(fields.get("name")):
        if not NAME.fullmatch(value):
            builder.fault(node, where, f"expected letters, digits, - _ and . (at most 80), got {value!r}")
            is_sound = False
    for node, value in _scalars(fields.get("when")):
        if value not in WHEN:
            builder.fault(node, f"{where}.when", f"expected some of {', '.join(WHEN)}, got {value!r}")
            is_sound = False
    for node, value in _scalars(fields.get("languages")):
        if not re.fullmatch("[a-z]{2}", value):
            builder.fault(node, f"{where}.languages", f"expected two-letter codes, got {value!r}")
            is_sound = False
    return is_sound


def _scalars(node: yaml.Node | None) -> Iterator[tuple[yaml.Node, str]]:
    """Give the texts of a scalar or a list; what is neither was told by its type."""
    for one in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if isinstance(one, yaml.ScalarNode) and one.tag != "tag:yaml.org,2002:null":
            yield one, str(one.value)


def place_in_file(node: yaml.ScalarNode, place: int) -> tuple[int, int]:
    """Give the 0-based line and column, in the file, of a character of a scalar's value.

    YAML folds lines and takes quotes off: the value's characters are looked up one after the other.
    """
    start, end = node.start_mark, node.end_mark
    if start.buffer is None or end.pointer is None:
        return start.line, start.column
    source = start.buffer[start.pointer : end.pointer]
    at = source.find("\n") + 1 if node.style in ("|", ">") else int(node.style in ("'", '"'))
    found = at
    for char in node.value[: place + 1]:
        if char.isspace():
            continue
        next_at = source.find(char, at)
        if next_at < 0:
            break
        found, at = next_at, next_at + 1
    if place >= len(node.value) or node.value[place].isspace():
        found = at
    before = source[:found]
    line = start.line + before.count("\n")
    column = len(before) - before.rfind("\n") - 1 if "\n" in before else start.column + len(before)
    return line, column
