"""Reads rules: every fault of every file, with its line, or checked rules; and a rule that stands in no file.

Read again, only files that changed are taken apart, and of those only queries that changed are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import yaml

from connectors.errors import Fault, SettingsError
from connectors.keys import stable_id
from connectors.settings import Builder, is_text, read_nodes
from connectors.yaml_files import stamp_of, yaml_files_of
from pipelines.rules.mistakes import QueryError
from pipelines.rules.model import WHEN, Node, Rule, Score, Word
from pipelines.rules.print import print_query
from pipelines.rules.syntax import parse
from pipelines.rules.written import NAME, RuleText, check_fields, place_in_file

_WEIGHT = re.compile(r"[+-]?\d{1,6}")


def default_rules_path() -> Path:
    """Path of the folder with the rules that come with the project."""
    return Path(str(resources.files("pipelines.rules") / "data" / "default"))


def load_rules(paths: Iterable[str | Path]) -> tuple[Rule, ...]:
    """Read rules out of files, and out of all YAML files below folders, in order of path and line.

    Named queries are shared by all files. Errors: SettingsError with every fault of all files.
    """
    return RuleReader().read(paths).rules


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands in rules files."""

    rules: tuple[Rule, ...]
    # What ``@name`` stands for.
    named: Mapping[str, Node]


class RuleReader:
    """Reads files as ``load_rules`` does, again and again: what did not change is taken from the reading before."""

    def __init__(self) -> None:
        self._before: dict[Path, _Product] = {}

    def read(self, paths: Iterable[str | Path]) -> Reading:
        """Read the files as they are now. Errors: SettingsError with every fault of all files."""
        faults: list[Fault] = []
        files = [_File(path, faults, self._before.get(path)) for path in yaml_files_of(paths, faults, "rules files")]
        named = _read_queries(files)
        rules: dict[str, Rule] = {}
        for file in files:
            for rule in file.rules(named):
                first = rules.setdefault(rule.name, rule)
                if first is not rule:
                    message = f"a rule of this name is in {first.path}:{first.line} already"
                    faults.append(Fault(rule.path, rule.line, rule.name, message))
        mistaken = {fault.path for fault in faults}
        # Of a file with mistakes each is told again at the next reading.
        self._before = {file.path: file.product() for file in files if str(file.path) not in mistaken}
        if faults:
            raise SettingsError(faults)
        return Reading(tuple(rules.values()), named)


def read_written(written: Mapping[str, object], named: Mapping[str, Node], path: str) -> Rule:
    """Check a rule that stands in no file, under the keys that one has in a file; ``path`` says where it stands.

    Errors: SettingsError with every fault; a place in its query is a line and column of the query.
    """
    faults: list[Fault] = []
    # By the one reader of rules: quoted throughout, so that no text is taken for anything but text.
    document = yaml.safe_dump(dict(written), default_style='"', sort_keys=False)
    file = _File(Path(path), faults, None, is_written=True)
    root = yaml.compose(document, Loader=yaml.SafeLoader)
    rule = _read_rule(file, root, "", named) if root is not None else None
    if rule is None or faults:
        # Lines of the document above mean nothing to anybody.
        raise SettingsError([replace(fault, path=path, line=0) for fault in faults])
    return replace(rule, path=path, line=0)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A query's tree, and the trees of the named queries that it asked for."""

    node: Node
    asked: tuple[tuple[str, Node], ...] = ()

    def holds(self, named: Mapping[str, Node]) -> bool:
        return all(named.get(name) is node for name, node in self.asked)


class _Asked(dict[str, Node]):
    """Named queries that remember which of them were asked for."""

    def __init__(self, named: Mapping[str, Node]) -> None:
        super().__init__(named)
        self.asked: dict[str, Node] = {}

    def __getitem__(self, name: str) -> Node:
        self.asked[name] = node = super().__getitem__(name)
        return node


@dataclass(frozen=True, slots=True)
class _Product:
    """What was read of a file without mistakes."""

    stamp: tuple[int, int, int]
    # Name, line and tree.
    queries: tuple[tuple[str, int, Node], ...]
    rules: tuple[Rule, ...]
    # By text.
    parsed: Mapping[str, _Parsed]
    query_asked: Mapping[str, Node]
    rule_asked: Mapping[str, Node]


@dataclass(slots=True)
class _Contents:
    """A rules file taken apart."""

    queries: tuple[tuple[str, yaml.ScalarNode], ...] = ()
    rules: tuple[yaml.Node, ...] = ()


class _File:
    """A rules file as it is read: taken apart only where the product of the reading before cannot stand for it."""

    def __init__(self, path: Path, faults: list[Fault], before: _Product | None, *, is_written: bool = False) -> None:
        self.path = path
        self.builder = Builder(str(path), faults)
        # Of a rule without a file, whose places are those of its query.
        self.is_written = is_written
        # Before the file is opened: what is written while it is read shows at the next look.
        self._stamp = stamp_of(path)
        self._is_same = before is not None and before.stamp == self._stamp
        self._before = before
        self._faults = faults
        self._contents: _Contents | None = None
        self._parsed: dict[str, _Parsed] = {}
        self._queries: list[tuple[str, int, Node]] = []
        self._rules: tuple[Rule, ...] = ()
        self._query_asked: dict[str, Node] = {}
        self._rule_asked: dict[str, Node] = {}
        self._asked = self._query_asked

    def read_queries(self, named: dict[str, Node], places: dict[str, str]) -> None:
        """Add this file's named queries, each of which may use those above it."""
        before = self._before
        if before is not None and self._is_same and not any(name in named for name, _, _ in before.queries):
            own = {name: node for name, _, node in before.queries}
            if all((own.get(name) or named.get(name)) is node for name, node in before.query_asked.items()):
                named.update(own)
                places.update({name: f"{self.path}:{line}" for name, line, _ in before.queries})
                self._queries = list(before.queries)
                self._query_asked = dict(before.query_asked)
                # Its queries' trees stay the same objects, by which rules that use them know that they hold.
                self._parsed = dict(before.parsed)
                return
        for name, node in self.contents().queries:
            where = f"queries.{name}"
            if name in places:
                self.builder.fault(node, where, f"a query of this name is in {places[name]} already")
                continue
            line = node.start_mark.line + 1
            places[name] = f"{self.path}:{line}"
            parsed = self.parsed(node, where, named)
            # One mistake is told once, not at every use.
            named[name] = parsed if parsed is not None else Word("mistaken")
            self._queries.append((name, line, named[name]))

    def rules(self, named: Mapping[str, Node]) -> tuple[Rule, ...]:
        """Give this file's rules."""
        before, self._asked = self._before, self._rule_asked
        is_kept = before is not None and self._is_same and self._contents is None
        if before is not None and is_kept and all(named.get(name) is one for name, one in before.rule_asked.items()):
            self._rules, self._rule_asked, self._parsed = before.rules, dict(before.rule_asked), dict(before.parsed)
        else:
            read = (
                _read_rule(self, node, f"rules[{place}]", named) for place, node in enumerate(self.contents().rules)
            )
            self._rules = tuple(rule for rule in read if rule is not None)
            # Nodes with their places take far more room than rules.
            self._contents = None
        return self._rules

    def contents(self) -> _Contents:
        """Take the file apart."""
        if self._contents is None:
            self._contents = _read_file(self.path, self.builder, self._faults)
        return self._contents

    def parsed(self, node: yaml.ScalarNode, where: str, named: Mapping[str, Node]) -> Node | None:
        """Read a query; a mistake is told with its place in the file."""
        text = str(node.value)
        kept = self._before.parsed.get(text) if self._before is not None else None
        if kept is None or not kept.holds(named):
            asking = _Asked(named)
            try:
                kept = _Parsed(parse(text, asking), tuple(asking.asked.items()))
            except QueryError as error:
                self._tell(node, where, error)
                return None
        self._parsed[text] = kept
        self._asked.update(kept.asked)
        return kept.node

    def _tell(self, node: yaml.ScalarNode, where: str, error: QueryError) -> None:
        if self.is_written:
            self.builder.fault(node, where, str(error))
            return
        line, column = place_in_file(node, error.place)
        at = yaml.Mark(str(self.path), 0, line, column, None, 0)
        self.builder.fault(yaml.ScalarNode("", "", at), where, f"column {column + 1}: {error.reason}")

    def product(self) -> _Product:
        """Give what was read."""
        return _Product(
            self._stamp, tuple(self._queries), self._rules, self._parsed, self._query_asked, self._rule_asked
        )


def _read_file(path: Path, builder: Builder, faults: list[Fault]) -> _Contents:
    try:
        root = read_nodes(path)
    except SettingsError as error:
        faults.extend(error.faults)
        return _Contents()
    if root is None:
        return _Contents()
    if not isinstance(root, yaml.MappingNode):
        builder.fault(root, "", "expected a mapping with the keys rules and queries")
        return _Contents()
    queries: list[tuple[str, yaml.ScalarNode]] = []
    rules: list[yaml.Node] = []
    given: set[str] = set()
    for key, value in root.value:
        name = str(key.value)
        if name in given:
            builder.fault(key, name, "given twice")
        given.add(name)
        if name not in ("rules", "queries"):
            builder.fault(key, name, "unknown key; a rules file has the keys rules and queries")
        elif value.tag == "tag:yaml.org,2002:null":
            continue
        elif name == "queries":
            queries += _named_queries(value, builder)
        elif isinstance(value, yaml.SequenceNode):
            rules += value.value
        else:
            builder.fault(value, name, "expected a list of rules")
    return _Contents(tuple(queries), tuple(rules))


def _named_queries(node: yaml.Node, builder: Builder) -> Iterator[tuple[str, yaml.ScalarNode]]:
    if not isinstance(node, yaml.MappingNode):
        builder.fault(node, "queries", "expected a mapping of names to queries")
        return
    for key, value in node.value:
        name = str(key.value)
        if not isinstance(key, yaml.ScalarNode) or not NAME.fullmatch(name):
            builder.fault(key, "queries", f"expected letters, digits, - _ and . (at most 80), got {name!r}")
        elif not isinstance(value, yaml.ScalarNode) or not is_text(value):
            builder.fault(value, f"queries.{name}", "expected a query")
        else:
            yield name, value


def _read_queries(files: list[_File]) -> dict[str, Node]:
    """Read all named queries, each of which may use those above it: no circle can be written."""
    named: dict[str, Node] = {}
    places: dict[str, str] = {}
    for file in files:
        file.read_queries(named, places)
    return named


def _read_rule(file: _File, node: yaml.Node, where: str, named: Mapping[str, Node]) -> Rule | None:
    builder = file.builder
    if not isinstance(node, yaml.MappingNode):
        builder.fault(node, where, "expected a mapping with name and query")
        return None
    fields = {str(key.value): value for key, value in node.value}
    written: RuleText | None = builder.build(RuleText, node, where)
    name = fields.get("name")
    if isinstance(name, yaml.ScalarNode) and name.value:
        where = str(name.value)
    is_sound = check_fields(fields, where, builder)
    parsed = _read_node(file, node, fields, where, named)
    if not is_sound or written is None or parsed is None:
        return None
    return Rule(
        name=written.name,
        severity=written.severity,
        query=written.query or print_query(parsed),
        node=parsed,
        version=stable_id(print_query(parsed)),
        when=written.when or WHEN,
        routes=written.routes,
        languages=written.languages,
        must_match=written.tests.match,
        must_miss=written.tests.miss,
        path=str(file.path),
        line=node.start_mark.line + 1,
    )


def _read_node(
    file: _File, rule: yaml.Node, fields: dict[str, yaml.Node], where: str, named: Mapping[str, Node]
) -> Node | None:
    """Read what a rule looks for: its query or its score."""
    query, score = fields.get("query"), fields.get("score")
    if (query is None) == (score is None):
        file.builder.fault(rule, where, "expected a query or a score, and not both")
        return None
    if query is not None:
        if not isinstance(query, yaml.ScalarNode) or not is_text(query):
            return None
        return file.parsed(query, f"{where}.query", named)
    given = {str(key.value): value for key, value in score.value} if isinstance(score, yaml.MappingNode) else {}
    terms, threshold = given.get("terms"), given.get("threshold")
    if not isinstance(terms, yaml.MappingNode) or not isinstance(threshold, yaml.ScalarNode):
        return None
    children, weights = [], []
    for key, value in terms.value:
        child = file.parsed(key, f"{where}.score.terms", named) if isinstance(key, yaml.ScalarNode) else None
        if child is None or not _WEIGHT.fullmatch(str(value.value)):
            return None
        children.append(child)
        weights.append(int(value.value))
    if not _WEIGHT.fullmatch(threshold.value):
        return None
    made = Score(int(threshold.value), tuple(children), tuple(weights))
    if made.highest < made.threshold:
        file.builder.fault(threshold, f"{where}.score.threshold", "all weights together do not reach it")
        return None
    return made
