"""An explanation says of each part whether it holds and by which words, and what a miss lacks at least."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.rules.evaluate import evaluate
from pipelines.rules.explain import Branch, explain, explanation_lines
from pipelines.rules.items import item_of_text
from pipelines.rules.model import Rule, Severity
from pipelines.rules.syntax import parse
from pipelines.rules.view import TextView


def rule(query: str, languages: tuple[str, ...] = ()) -> Rule:
    return Rule("r", Severity.LOW, query, parse(query), "v1", languages=languages)


def lacking(query: str, text: str) -> list[str]:
    return [condition.said for condition in explain(rule(query), item_of_text(text).item).lacking]


def branches(branch: Branch) -> list[Branch]:
    return [branch, *(below for child in branch.children for below in branches(child))]


def test_each_part_has_its_truth_and_the_words_that_made_it_true() -> None:
    text = "Missiles hit a port | The port burns"
    explained = explain(rule("(drone OR missil*) AND port NOT football"), item_of_text(text).item)
    assert explained.is_match
    assert explained.lacking == ()
    assert [(one.query, one.is_true, [words.words for words in one.evidence]) for one in branches(explained.tree)] == [
        ("(drone OR missil*) AND port AND NOT football", True, ["Missiles", "port", "port"]),
        ("drone OR missil*", True, ["Missiles"]),
        ("drone", False, []),
        ("missil*", True, ["Missiles"]),
        ("port", True, ["port", "port"]),
        ("NOT football", True, []),
        ("football", False, []),
    ]
    missiles = branches(explained.tree)[3].evidence[0]
    assert (missiles.field, missiles.start, missiles.end) == ("title", 0, 8)


def test_parts_behind_the_first_that_fails_are_tried_all_the_same() -> None:
    explained = explain(rule("drone AND port"), item_of_text("port").item)
    assert [(one.query, one.is_true) for one in explained.tree.children] == [("drone", False), ("port", True)]


def test_a_part_is_tried_in_the_extent_in_which_it_stands() -> None:
    explained = explain(rule("title:(FIRST/2 port)"), item_of_text("A calm port | port").item)
    assert [(one.place, one.is_true) for one in branches(explained.tree)] == [
        ("the item", False),
        ("its title", False),
        ("the first 2 words of its title", False),
    ]


@pytest.mark.parametrize(
    ("query", "text", "said"),
    [
        ("port", "port", []),
        ("a AND b AND c", "b", ["a is not in the item", "c is not in the item"]),
        ("(a AND b AND c) OR (d AND e)", "a d", ["e is not in the item"]),
        ("(a AND b) OR (c AND d)", "x", ["a is not in the item", "b is not in the item"]),
        ("(a OR b) AND c", "c", ["none of a OR b is in the item"]),
        ("a NOT (b OR c)", "a c", ['excluded: b OR c holds ("c")']),
        ("title:a AND b", "b | a", ["a is not in its title"]),
        ("FIRST/2 a", "x y a", ["a is not in the first 2 words of the item"]),
        ("text:(FIRST/1 a)", "a | b a", ["a is not in the first word of its text"]),
        ("a NEAR/2 b", "a", ["a NEAR/2 b is not in the item: without b"]),
        ("(a OR c) NEAR/2 b", "b", ["(a OR c) NEAR/2 b is not in the item: without any of a, c"]),
        ("a NEAR/2 b", "a x y b", ["a NEAR/2 b is not in the item: 3 apart at the nearest"]),
        ("a ONEAR/2 b", "b a", ["a ONEAR/2 b is not in the item: 1 apart at the nearest"]),
        ("a NEAR/2 b", "a | b", ["a NEAR/2 b is not in the item: nowhere in one field without overlap"]),
        ("a w/s b", "a | b", ["a w/s b is not in the item"]),
        ("ATLEAST3(a)", "a a", ["ATLEAST3(a) is not in the item: at 2 places"]),
        ("a AND country:IR", "a in Russia", ["no country:IR; it has country: RU"]),
        (
            "SCORE5(3 drone*; 2 port; -4 football)",
            "port football",
            ["its weights add up to -2, of 5; enough would be without football (+4), drone* (+3)"],
        ),
    ],
)
def test_a_miss_lacks_the_fewest_conditions(query: str, text: str, said: list[str]) -> None:
    assert lacking(query, text) == said


def test_a_language_that_the_rule_does_not_read_is_lacking_even_where_the_query_holds() -> None:
    item = item_of_text("Над портом сбили ракеты").item
    explained = explain(rule("ракет*", languages=("fr",)), item)
    assert explained.tree.is_true
    assert not explained.is_match
    assert explained.sentence == "the rule reads fr; the item's language is ru"


def test_truth_is_the_evaluators() -> None:
    chance = random.Random(7)
    queries = ["a b", "a OR (b c)", "a NOT b", "title:(a OR b) NOT text:c", "FIRST/2 (a b)", "a NEAR/2 (b OR c)",
               "SCORE3(2 a; 2 b; -2 c)", "ATLEAST2(a OR b)", "(a w/p b) OR c"]  # fmt: skip
    for _ in range(300):
        text = " ".join(chance.choices(["a", "b", "c", "x", "."], k=6)) + " | " + " ".join(chance.choices("abcx", k=4))
        trial, tried = item_of_text(text), rule(chance.choice(queries))
        holds = evaluate(tried.node, TextView(trial.item, trial.tokens)) is not None
        explained = explain(tried, trial.item)
        assert (explained.is_match, explained.tree.is_true, not explained.lacking) == (holds, holds, holds)


def test_printed_tree_shows_marks_words_and_what_is_lacking() -> None:
    explained = explain(rule("(drone OR missil*) AND port NOT strike"), item_of_text("Strike by drone").item)
    assert list(explanation_lines(explained)) == [
        "r: does not match",
        "  ✗ (drone OR missil*) AND port AND NOT strike",
        "    ✓ drone OR missil*",
        '      ✓ drone  ← title 10-15 "drone"',
        "      ✗ missil*",
        "    ✗ port",
        '    ✗ NOT strike  ← title 0-6 "Strike"',
        '      ✓ strike  ← title 0-6 "Strike"',
        "it would match if these were otherwise:",
        "  - port is not in the item",
        '  - excluded: strike holds ("Strike")',
    ]


def test_many_alternatives_that_are_not_there_share_a_line() -> None:
    query = " OR ".join([*(f"w{number}" for number in range(100)), "port"])
    lines = list(explanation_lines(explain(rule(query), item_of_text("port").item)))
    assert len(lines) == 4
    assert lines[2] == '    ✓ port  ← title 0-4 "port"'
    assert lines[3].startswith("    ✗ 100 that are not there: w0, w1")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text("rules:\n- {name: ports, query: port AND country:IR}\n", encoding="utf-8")
    entries = [{"id": "1", "title": "Port of Iran"}, {"id": "2", "title": "Port of Russia"}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")
    return tmp_path


def test_command_explains_a_text(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "explain", str(desk), "ports", "--text", "Harbour | In Iran"]) == 0
    assert capsys.readouterr().out == (
        "ports: does not match\n"
        "  ✗ port AND country:IR\n"
        "    ✗ port\n"
        '    ✓ country:IR  (it has country: IR)  ← text 3-7 "Iran"\n'
        "it would match if these were otherwise:\n"
        "  - port is not in the item\n"
    )


def test_command_explains_the_entries_of_an_archive(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["rules", "explain", str(desk), "ports", "--in", str(desk / "in.jsonl"), "--json"]
    assert main(arguments) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["id"], one["is_match"], [each["query"] for each in one["lacking"]]) for one in told] == [
        ("1", True, []),
        ("2", False, ["country:IR"]),
    ]
    assert main([*arguments, "--id", "2"]) == 0
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == ["2"]


def test_command_says_what_it_cannot_find(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "explain", str(desk), "port", "--text", "x"]) == 2
    assert "port: no rule has this name; there are ports" in capsys.readouterr().err
    assert main(["rules", "explain", str(desk), "ports", "--in", str(desk / "in.jsonl"), "--id", "9"]) == 2
    assert "no entry has the id 9" in capsys.readouterr().err
