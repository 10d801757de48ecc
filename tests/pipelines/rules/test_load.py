"""Rules files: what they may hold, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.errors import SettingsError
from connectors.keys import stable_id
from pipelines.rules.load import load_rules
from pipelines.rules.model import WHEN, Severity
from pipelines.rules.print import print_query


def write(folder: Path, text: str, name: str = "rules.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(*paths: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(SettingsError) as caught:
        load_rules(paths)
    return [(Path(fault.path).name, fault.line, f"{fault.where}: {fault.message}") for fault in caught.value.faults]


def test_a_rule_carries_all_that_was_written(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
rules:
  - name: port-strike
    severity: critical
    query: port AND (strike OR blast)
    when: [first, denied]
    routes: [mail]
    languages: [en]
""",
    )
    (rule,) = load_rules([path])
    assert (rule.name, rule.severity, rule.when, rule.routes, rule.languages) == (
        "port-strike",
        Severity.CRITICAL,
        ("first", "denied"),
        ("mail",),
        ("en",),
    )
    assert rule.version == stable_id("port AND (strike OR blast)")
    assert (rule.path, rule.line) == (str(path), 3)


def test_what_is_left_out_has_defaults(tmp_path: Path) -> None:
    (rule,) = load_rules([write(tmp_path, "rules:\n- name: a\n  query: port\n")])
    assert (rule.severity, rule.when, rule.routes, rule.languages) == (Severity.MEDIUM, WHEN, (), ())


def test_two_spellings_of_one_query_share_a_version(tmp_path: Path) -> None:
    first, second, third = load_rules(
        [
            write(
                tmp_path,
                'rules:\n- {name: a, query: "Port  drone"}\n- {name: b, query: port AND (drone)}\n'
                "- {name: c, query: port}\n",
            )
        ]
    )
    assert first.version == second.version != third.version


def test_folder_is_read_in_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    write(tmp_path, "rules:\n- {name: two, query: b}\n", "b.yaml")
    write(tmp_path, "rules:\n- {name: one, query: a}\n", "a.yml")
    write(tmp_path / "more", "rules:\n- {name: three, query: c}\n", "c.yaml")
    write(tmp_path, "no rules", "notes.txt")
    assert [rule.name for rule in load_rules([tmp_path])] == ["one", "two", "three"]


def test_empty_file_has_no_rules(tmp_path: Path) -> None:
    assert load_rules([write(tmp_path, ""), write(tmp_path, "rules:\n", "b.yaml")]) == ()


def test_every_mistake_is_listed_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """rules:
  - name: has spaces
    query: port
  - name: loud
    severity: extreme
    query: port
  - name: when
    query: port
    when: [always]
  - query: port
  - name: no-query
  - name: typo
    querry: port
    query: port
  - name: tongue
    query: port
    languages: [english]
  - just text
""",
    )
    found = faults_of(path)
    assert [(line, message.split(":")[0]) for _, line, message in found] == [
        (2, "has spaces"),
        (5, "rules[1].severity"),
        (9, "when.when"),
        (10, "rules[3].name"),
        (11, "no-query"),
        (13, "rules[5].querry"),
        (17, "tongue.languages"),
        (18, "rules[7]"),
    ]
    assert "did you mean 'query'?" in found[5][2]


def test_same_name_twice_is_refused_and_says_where_the_first_is(tmp_path: Path) -> None:
    one = write(tmp_path, "rules:\n- {name: a, query: x}\n", "one.yaml")
    two = write(tmp_path, "rules:\n- {name: b, query: x}\n- {name: a, query: y}\n", "two.yaml")
    assert faults_of(one, two) == [("two.yaml", 3, f"a: a rule of this name is in {one}:2 already")]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("rules:\n- name: a\n  query: port AND (x\n", 3, 19),
        ('rules:\n- name: a\n  query: "port AND (x"\n', 3, 20),
        ("rules:\n- name: a\n  query: 'it''s AND (x'\n", 3, 21),
        ("rules:\n- name: a\n  query: port\n    AND (x\n", 4, 9),
        ("rules:\n- name: a\n  query: >\n    port\n    AND (x\n", 5, 9),
        ("rules:\n- name: a\n  query: |-\n    port AND\n\n    (x\n", 6, 5),
        ("rules:\n- name: a\n  query: x AND\n", 3, 12),
    ],
)
def test_mistake_in_a_query_is_placed_in_the_file(tmp_path: Path, text: str, line: int, column: int) -> None:
    ((_, found_line, message),) = faults_of(write(tmp_path, text))
    assert (found_line, message.split(":")[:2]) == (line, ["a.query", f" column {column}"])


def test_mistakes_of_all_files_are_listed_together(tmp_path: Path) -> None:
    one = write(tmp_path, "rules: 7\n", "one.yaml")
    two = write(tmp_path, "rule:\n- x\n", "two.yaml")
    three = write(tmp_path, "- x\n", "three.yaml")
    broken = write(tmp_path, "rules: [\n", "broken.yaml")
    found = faults_of(one, two, three, broken, tmp_path / "missing.yaml")
    assert [(name, line) for name, line, _ in found] == [
        ("one.yaml", 1),
        ("two.yaml", 1),
        ("three.yaml", 1),
        ("broken.yaml", 2),
        ("missing.yaml", 0),
    ]


def test_folder_without_rules_files_is_a_mistake(tmp_path: Path) -> None:
    ((_, _, message),) = faults_of(tmp_path)
    assert "found none" in message


def test_key_rules_given_twice_is_a_mistake(tmp_path: Path) -> None:
    path = write(tmp_path, "rules:\n- {name: a, query: port}\nrules:\n- {name: b, query: port}\n")
    assert faults_of(path) == [("rules.yaml", 3, "rules: given twice")]


def test_query_that_is_no_text_is_told_once(tmp_path: Path) -> None:
    path = write(tmp_path, 'rules:\n- {name: a, query: }\n- {name: b, query: "a\\0"}\n')
    assert faults_of(path) == [
        ("rules.yaml", 2, "rules[0].query: expected text, got ''"),
        ("rules.yaml", 3, "rules[1].query: expected text, got 'a\\x00'"),
    ]


def test_path_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_rules([tmp_path / "a\0b", tmp_path / ("a/" * 5000)])
    assert [fault.message for fault in caught.value.faults] == [
        "cannot be read: File name too long",
        "cannot be read: embedded null byte",
    ]


def test_named_queries_are_shared_by_all_files(tmp_path: Path) -> None:
    write(tmp_path, "rules:\n- {name: a, query: '@ports AND strike*'}\n", "a.yaml")
    write(tmp_path, "queries:\n  bays: bay OR gulf\n  ports: '@bays OR port'\n", "b.yaml")
    ((_, rule),) = [(None, rule) for rule in load_rules([tmp_path])]
    assert print_query(rule.node) == "(bay OR gulf OR port) AND strike*"
    assert rule.query == "@ports AND strike*"


def test_mistake_in_a_named_query_is_told_once_however_often_it_is_used(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "queries:\n  ports: port OR\n  one: '@later'\n  later: port\n  ports: bay\nrules:\n"
        "- {name: a, query: '@ports'}\n- {name: b, query: '@ports x'}\n",
    )
    found = faults_of(path)
    assert [line for _, line, _ in found] == [2, 3, 5]
    assert "queries.ports: column 15: OR needs something behind it" in found[0][2]
    assert "no query is named @later; known: @ports" in found[1][2]
    assert f"a query of this name is in {path}:2 already" in found[2][2]


def test_score_is_read_in_place_of_a_query(tmp_path: Path) -> None:
    text = "rules:\n- name: a\n  score: {threshold: 3, terms: {drone*: 2, '\"air raid\"': 1, film: -3}}\n"
    (rule,) = load_rules([write(tmp_path, text)])
    assert print_query(rule.node) == 'SCORE3(2 drone*; 1 "air raid"; -3 film)'


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("query: x, score: {threshold: 1, terms: {x: 1}}", "a: expected a query or a score, and not both"),
        ("score: {threshold: 9, terms: {x: 1}}", "a.score.threshold: all weights together do not reach it"),
        ("score: {threshold: 0, terms: {x: 1}}", "rules[0].score.threshold: expected at least 1, got '0'"),
        ("score: {threshold: 1, terms: {x: much}}", "rules[0].score.terms.x: expected a whole number, got 'much'"),
        ("score: {threshold: 1, terms: {x AND: 1}}", "a.score.terms: column 45: AND needs something behind it"),
        ("score: {terms: {x: 1}}", "rules[0].score.threshold: required: what the weights must reach"),
        ("score: 5", "rules[0].score: expected a mapping of settings"),
        ("query: x, tests: {match: text}", "rules[0].tests.match: expected a list of text"),
    ],
)
def test_mistake_in_a_score_or_in_tests_is_told_once(tmp_path: Path, rule: str, message: str) -> None:
    assert faults_of(write(tmp_path, f"rules:\n- {{name: a, {rule}}}\n")) == [("rules.yaml", 2, message)]


def test_texts_to_try_a_rule_on_are_kept(tmp_path: Path) -> None:
    text = "rules:\n- {name: a, query: port, tests: {match: [A port, 'x | port'], miss: [Nothing]}}\n"
    (rule,) = load_rules([write(tmp_path, text)])
    assert (rule.must_match, rule.must_miss) == (("A port", "x | port"), ("Nothing",))
