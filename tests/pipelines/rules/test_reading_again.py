"""Rules read again: what changed is read, what did not is not, and nobody can tell from the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors import settings
from connectors.errors import SettingsError
from pipelines.rules import load, syntax
from pipelines.rules.load import RuleReader, load_rules, read_written

QUERIES = "queries: {boats: 'ship* OR boat*'}\n"
PORTS = "rules:\n  - {name: ports, query: '@boats AND port'}\n  - {name: plain, query: harbour}\n"
OTHER = "rules:\n  - {name: talks, query: talks AND country:IR}\n"


class Counted:
    """Counts the queries that are parsed and the files that are taken apart."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.queries: list[str] = []
        self.files: list[str] = []
        parse, read_nodes = syntax.parse, settings.read_nodes

        def counted_parse(query: str, named: object = None) -> object:
            self.queries.append(query)
            return parse(query, named)  # type: ignore[arg-type]  # handed on as it came

        def counted_read(path: Path) -> object:
            self.files.append(path.name)
            return read_nodes(path)

        patch.setattr(load, "parse", counted_parse)
        patch.setattr(load, "read_nodes", counted_read)

    def taken(self) -> tuple[list[str], list[str]]:
        """Files and queries since the last call."""
        taken = self.files[:], self.queries[:]
        self.files.clear()
        self.queries.clear()
        return taken


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "00-queries.yaml").write_text(QUERIES)
    (tmp_path / "other.yaml").write_text(OTHER)
    (tmp_path / "ports.yaml").write_text(PORTS)
    return tmp_path


def test_unchanged_files_are_not_read_again(folder: Path, counted: Counted) -> None:
    reader = RuleReader()
    first = reader.read([folder])
    counted.taken()
    again = reader.read([folder])
    assert counted.taken() == ([], [])
    assert again == first == load.Reading(load_rules([folder]), first.named)


def test_only_the_changed_query_of_the_changed_file_is_parsed(folder: Path, counted: Counted) -> None:
    reader = RuleReader()
    reader.read([folder])
    counted.taken()
    (folder / "ports.yaml").write_text(PORTS.replace("harbour", "harbours"))
    again = reader.read([folder])
    assert counted.taken() == (["ports.yaml"], ["harbours"])
    assert again.rules == load_rules([folder])


def test_changed_named_query_changes_the_rules_of_other_files_that_use_it(folder: Path, counted: Counted) -> None:
    reader = RuleReader()
    before = {rule.name: rule.version for rule in reader.read([folder]).rules}
    counted.taken()
    (folder / "00-queries.yaml").write_text(QUERIES.replace("boat*", "ferry"))
    again = reader.read([folder]).rules
    assert counted.taken() == (["00-queries.yaml", "ports.yaml"], ["ship* OR ferry", "@boats AND port"])
    assert again == load_rules([folder])
    assert {rule.name for rule in again if rule.version != before[rule.name]} == {"ports"}


def test_named_query_that_changes_through_another_counts_too(folder: Path) -> None:
    (folder / "01-more.yaml").write_text("queries: {traffic: '@boats OR truck*'}\n")
    (folder / "ports.yaml").write_text(PORTS.replace("@boats", "@traffic"))
    reader = RuleReader()
    reader.read([folder])
    (folder / "00-queries.yaml").write_text(QUERIES.replace("boat*", "ferry"))
    assert reader.read([folder]).rules == load_rules([folder])


def test_named_query_that_goes_is_missed_where_it_is_used_and_found_when_it_comes_back(folder: Path) -> None:
    reader = RuleReader()
    first = reader.read([folder])
    (folder / "00-queries.yaml").write_text("")
    for _ in range(2):
        with pytest.raises(SettingsError) as caught:
            reader.read([folder])
        [fault] = caught.value.faults
        assert (fault.path, fault.line) == (str(folder / "ports.yaml"), 2)
        assert "@boats" in fault.message
    (folder / "00-queries.yaml").write_text(QUERIES)
    assert reader.read([folder]).rules == first.rules


def test_second_of_two_names_is_told_although_its_file_did_not_change(folder: Path) -> None:
    reader = RuleReader()
    reader.read([folder])
    (folder / "00-queries.yaml").write_text(QUERIES + "rules: [{name: talks, query: port}]\n")
    (folder / "zz.yaml").write_text("queries: {boats: canoe}\n")
    for _ in range(2):
        with pytest.raises(SettingsError) as caught:
            reader.read([folder])
        assert {(Path(fault.path).name, fault.line) for fault in caught.value.faults} == {
            ("other.yaml", 2),
            ("zz.yaml", 1),
        }


def test_file_that_goes_takes_its_rules_along(folder: Path) -> None:
    reader = RuleReader()
    reader.read([folder])
    (folder / "other.yaml").unlink()
    assert [rule.name for rule in reader.read([folder]).rules] == ["ports", "plain"]


def test_rule_without_a_file_is_read_as_one_in_a_file(folder: Path) -> None:
    [in_file, _] = [rule for rule in load_rules([folder]) if rule.name in ("ports", "plain")]
    written = {"name": "ports", "query": "@boats AND port", "languages": (), "severity": "medium"}
    rule = read_written(written, RuleReader().read([folder]).named, "typed")
    assert (rule.node, rule.version, rule.when) == (in_file.node, in_file.version, in_file.when)
    assert (rule.path, rule.line) == ("typed", 0)


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        ({"name": "<b>x</b>"}, "<b>x</b>", "expected letters, digits"),
        ({"name": "\ud800"}, "name", "expected text"),
        ({"query": "port\nAND (ship"}, "r.query", "line 2, column 5: this parenthesis is never closed"),
        ({"query": "x" * 20_001}, "r.query", "at most 20000 are read"),
        ({"query": "port \x00"}, "query", "expected text"),
        ({"query": "port \x1b"}, "r.query", "control character U+001B"),
        ({"severity": "loud"}, "severity", "expected one of low, medium, high, critical"),
        ({"languages": ("eng",)}, "r.languages", "expected two-letter codes"),
        ({"owner": "me"}, "owner", "unknown setting"),
    ],
)
def test_mistake_in_a_rule_without_a_file_names_what_was_expected(
    changes: dict[str, object], where: str, said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read_written({"name": "r", "query": "port", **changes}, {}, "typed")
    told = [fault for fault in caught.value.faults if said in fault.message]
    assert [(fault.path, fault.line, fault.where) for fault in told] == [("typed", 0, where)]


@pytest.mark.parametrize("query", ["null", "yes", "2022", '"port: strike"', "портовый 港 𠀋 port", "a\nb\tc"])
def test_text_of_a_rule_without_a_file_stays_the_text_it_was(query: str) -> None:
    assert read_written({"name": "r", "query": query}, {}, "typed").query == query
