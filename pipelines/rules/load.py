"""Reads rules files: every fault of every file, with its line, or checked rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

from connectors.errors import Fault, SettingsError
from connectors.keys import stable_id
from connectors.settings import Builder, is_text, read_nodes, setting
from pipelines.rules.model import WHEN, Rule, Severity
from pipelines.rules.print import print_query
from pipelines.rules.syntax import QueryError, parse

_NAME = re.compile(r"[\w][\w.-]{0,79}")


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule as a desk writes it."""

    name: str = setting(help="letters, digits, - and _; unique over all files")
    query: str = setting(help="what to look for, in the query language")
    severity: Severity = setting(Severity.MEDIUM, help="how loud its alerts are")
    when: tuple[str, ...] = setting((), help=f"on what it alerts: {', '.join(WHEN)}; none means all")
    routes: tuple[str, ...] = setting((), help="names of sinks; none means every sink")
    languages: tuple[str, ...] = setting((), help="two-letter codes of the languages it reads; none means all")


def default_rules_path() -> Path:
    """Path of the rules that come with the project."""
    return Path(str(resources.files("pipelines.rules") / "data" / "default.yaml"))


def load_rules(paths: Iterable[str | Path]) -> tuple[Rule, ...]:
    """Read rules out of files, and out of all YAML files below folders, in order of path and line.

    Errors: SettingsError with every fault of all files.
    """
    faults: list[Fault] = []
    rules: dict[str, Rule] = {}
    for path in _files(paths, faults):
        for rule in _read_file(path, faults):
            first = rules.setdefault(rule.name, rule)
            if first is not rule:
                faults.append(
                    Fault(
                        rule.path, rule.line, rule.name, f"a rule of this name is in {first.path}:{first.line} already"
                    )
                )
    if faults:
        raise SettingsError(faults)
    return tuple(rules.values())


def _files(paths: Iterable[str | Path], faults: list[Fault]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        try:
            is_folder = path.is_dir()
        except OSError as error:
            faults.append(Fault(str(path), 0, "", f"cannot be read: {error.strerror}"))
            continue
        if is_folder:
            inside = sorted(one for one in path.rglob("*") if one.suffix in (".yaml", ".yml") and one.is_file())
            if not inside:
                faults.append(Fault(str(path), 0, "", "expected rules files (*.yaml) in this folder, found none"))
            found += inside
        else:
            found.append(path)
    return found


def _read_file(path: Path, faults: list[Fault]) -> list[Rule]:
    try:
        root = read_nodes(path)
    except SettingsError as error:
        faults.extend(error.faults)
        return []
    if root is None:
        return []
    builder = Builder(str(path), faults)
    if not isinstance(root, yaml.MappingNode):
        builder.fault(root, "", "expected a mapping with the key rules")
        return []
    rules: list[Rule] = []
    is_given = False
    for key, value in root.value:
        if is_given and key.value == "rules":
            builder.fault(key, "rules", "given twice")
        is_given |= key.value == "rules"
        if key.value != "rules":
            builder.fault(key, str(key.value), "unknown key; a rules file has one key: rules")
        elif isinstance(value, yaml.SequenceNode):
            for place, node in enumerate(value.value):
                rule = _read_rule(path, node, f"rules[{place}]", builder)
                if rule is not None:
                    rules.append(rule)
        elif value.tag != "tag:yaml.org,2002:null":
            builder.fault(value, "rules", "expected a list of rules")
    return rules


def _read_rule(path: Path, node: yaml.Node, where: str, builder: Builder) -> Rule | None:
    if not isinstance(node, yaml.MappingNode):
        builder.fault(node, where, "expected a mapping with name and query")
        return None
    fields = {str(key.value): value for key, value in node.value}
    written: RuleText | None = builder.build(RuleText, node, where)
    name = fields.get("name")
    if isinstance(name, yaml.ScalarNode) and name.value:
        where = str(name.value)
    is_sound = _check_fields(fields, where, builder)
    query = fields.get("query")
    if not isinstance(query, yaml.ScalarNode) or not is_text(query):
        return None
    try:
        parsed = parse(query.value)
    except QueryError as error:
        line, column = _place_in_file(query, error.place)
        at = yaml.Mark(str(path), 0, line, column, None, 0)
        builder.fault(yaml.ScalarNode("", "", at), f"{where}.query", f"column {column + 1}: {error.reason}")
        return None
    if not is_sound or written is None:
        return None
    return Rule(
        name=written.name,
        severity=written.severity,
        query=written.query,
        node=parsed,
        version=stable_id(print_query(parsed)),
        when=written.when or WHEN,
        routes=written.routes,
        languages=written.languages,
        path=str(path),
        line=node.start_mark.line + 1,
    )


def _check_fields(fields: dict[str, yaml.Node], where: str, builder: Builder) -> bool:
    """Check what a type does not say, whatever else is wrong with the rule."""
    is_sound = True
    for node, value in _scalars(fields.get("name")):
        if not _NAME.fullmatch(value):
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


def _place_in_file(node: yaml.ScalarNode, place: int) -> tuple[int, int]:
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
