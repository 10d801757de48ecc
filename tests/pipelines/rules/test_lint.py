"""Lint names what a desk hardly means, and leaves sound rules alone; an archive says the rest."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.rules.items import item_of_text, matched_plainly
from pipelines.rules.lint import lint, lint_lines
from pipelines.rules.measure import Measured, measure, measured_lines
from pipelines.rules.model import Rule, Severity
from pipelines.rules.syntax import parse


def rule(query: str, name: str = "r", languages: tuple[str, ...] = ()) -> Rule:
    return Rule(name, Severity.LOW, query, parse(query), "v", languages=languages, path="desk.yaml", line=4)


def messages(*rules: Rule) -> list[str]:
    return [f"{warning.kind}: {warning.message}" for warning in lint(rules)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("a NEAR/51 b", ["distance: a NEAR/51 b: 51 words are most of a news item"]),
        ("uav*", ["prefix: uav* fits every word that begins so"]),
        ('"big uav*"', ["prefix: uav* fits every word that begins so"]),
        ("por?*", ["pattern: por?* fits very many words: only its first 3 letters are fixed"]),
        ("por??", ["pattern: por?? fits very many words: only its first 3 letters are fixed"]),
        ("Москвa", ["scripts: москвa mixes Cyrillic and Latin letters"]),
        ("US sanctions", ["case: US finds us too: case does not count"]),
        ("(UN OR NATO) talks", ["case: UN finds un too: case does not count"]),
        ("missile OR missil*", ["covered: missile adds nothing beside missil*"]),
        ("Tehran OR tehran", ["covered: tehran is there twice"]),
        ('coup OR "coup attempt"', ["covered: \"coup attempt\" adds nothing beside coup"]),
        ("(missile OR missil*) NEAR/3 port", ["covered: missile adds nothing beside missil*"]),
        ("ATLEAST2(missile OR missil*)", ["covered: missile adds nothing beside missil*"]),
        ("missile NOT missil*", ["never: missile is wanted and excluded: missile AND NOT missil* can never hold"]),
        (
            "port OR (drone missile NOT (drone OR x))",
            ["never: drone is wanted and excluded: drone AND missile AND NOT (drone OR x) can never hold"],
        ),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_told(query: str, said: list[str]) -> None:
    assert messages(rule(query)) == said


@pytest.mark.parametrize(
    "query",
    [
        "a NEAR/50 b",
        "ракет* AND Kyiv",
        "미사* OR 한국",
        "por?",
        "!US AND !WHO",
        'country:US AND lang:IS AND "US Navy"',
        "NATO AND (missile OR drone)",
        "missil* NOT missile",
        "a AND title:(b NOT a)",
        "drone w/s port",
    ],
)
def test_sound_rules_are_left_alone(query: str) -> None:
    assert messages(rule(query)) == []


def test_a_warning_names_rule_place_and_hint() -> None:
    assert lint_lines(lint([rule("Москвa")]), 1) == [
        "desk.yaml:4: r: москвa mixes Cyrillic and Latin letters; type a (U+0061) anew: look-alikes differ [scripts]",
        "rules read: 1, warnings: 1",
    ]


def test_what_rules_share_is_told_once() -> None:
    shared = [rule("(uav* OR film) AND port", "one"), rule("(uav* OR film) AND fuel", "two"), rule("uav* x", "three")]
    told, summary = lint_lines(lint(shared), 3)
    assert told.startswith("desk.yaml:4: one: uav* fits every word that begins so;")
    assert told.endswith("[prefix] (and 2 more rules)")
    assert summary == "rules read: 3, warnings: 1"


@pytest.mark.parametrize(
    ("one", "two"), [("a AND b", "b AND a"), ("a OR b", "b OR a"), ("SCORE2(1 a; 1 b)", "SCORE2(1 A; 1 b)")]
)
def test_rules_that_say_the_same_are_told_at_the_second(one: str, two: str) -> None:
    assert messages(rule(one, "one"), rule(two, "two")) == ["duplicate: says the same as one (desk.yaml:4)"]


def test_rule_whose_every_match_another_gives_is_told() -> None:
    assert messages(
        rule("(missile OR drone) AND port AND x", "narrow"), rule("port AND (missil* OR drone)", "wide")
    ) == ["subsumed: every match is one of wide (desk.yaml:4) too"]


def test_rules_that_read_other_languages_are_no_duplicates() -> None:
    assert messages(rule("a", "one", ("fr",)), rule("a", "two", ("en",))) == []
    assert messages(rule("a", "one", ("fr",)), rule("a", "two")) == [
        "subsumed: every match is one of two (desk.yaml:4) too"
    ]


def test_thousands_of_rules_are_compared_in_seconds() -> None:
    rules = [rule(f"(word{number} OR strike*) AND (port{number} OR harbour) AND country:IR", f"r{number}")
             for number in range(3000)]  # fmt: skip
    began = time.perf_counter()
    assert lint(rules) == []
    assert time.perf_counter() - began < 30


def measured(*rules: Rule, texts: list[str]) -> Measured:
    items = list(map(item_of_text, texts))
    ticks = iter(range(10_000))
    return measure(rules, items, matched_plainly(rules), lambda: next(ticks) / 1000)


def test_archive_tells_how_often_a_rule_matches_and_what_it_costs() -> None:
    found = measured(rule("port AND drone"), texts=["Port and drone"] * 3 + ["A port"] * 37)
    (figures,) = found.figures
    assert (found.entries, found.days, figures.matches, figures.matches_a_day, figures.share) == (40, 1, 3, 3.0, 0.075)
    # A tick of the clock an entry.
    assert figures.microseconds == pytest.approx(1000)
    assert list(measured_lines(found))[:3] == [
        "measured on 40 entries of 1 days",
        " matches    a day   share  µs/item  rule",
        "       3      3.0   7.50%     1000  r",
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("iran OR moon", "up to 52% of entries have what it needs at least: iran, moon"),
        ("country:IR AND iran", "up to 50% of entries have what it needs at least: country:IR"),
        ("!IRAN OR (iran NEAR/3 talks)", "up to 50% of entries have what it needs at least: iran, !IRAN"),
        ('"iran talks"', "up to 50% of entries have what it needs at least: iran"),
        ("ira*", "up to 50% of entries have what it needs at least: ira*"),
        ("ira? AND moon", ""),
        ("moon NOT iran", ""),
        ("!IRAN AND talks", ""),
    ],
)
def test_archive_tells_rules_that_rest_on_common_words(query: str, said: str) -> None:
    texts = ["Talks: Iran talks"] * 20 + ["Harbour"] * 19 + ["Full moon"]
    common = [warning.message for warning in measured(rule(query), texts=texts).warnings if warning.kind == "common"]
    assert common == ([said] if said else [])


def test_archive_tells_terms_that_never_occur() -> None:
    found = measured(
        rule("(port OR harbor OR prot*) AND ~moon AND !US NOT sun"), texts=["Drones over the port of us"] * 30
    )
    assert [warning.message for warning in found.warnings if warning.kind == "absent"] == [
        "4 of 5 terms never occur: harbor, prot*, ~moon, !US"
    ]


def test_few_entries_tell_nothing_about_shares() -> None:
    assert measured(rule("iran OR moon"), texts=["Iran"] * 5).warnings == ()
    assert measured(rule("iran OR moon"), texts=[]).figures[0].microseconds == 0


def test_command_warns_and_is_strict_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules, archive = tmp_path / "r.yaml", tmp_path / "in.jsonl"
    rules.write_text("rules:\n- {name: uavs, query: uav* AND port}\n", encoding="utf-8")
    archive.write_text("\n".join(json.dumps({"id": n, "title": "UAV at a port"}) for n in range(3)), encoding="utf-8")
    assert main(["rules", "lint", str(rules)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{rules}:2: uavs: uav* fits every word that begins so; write more letters, or the words with OR [prefix]",
        "rules read: 1, warnings: 1",
    ]
    assert main(["rules", "lint", str(rules), "--in", str(archive), "--strict"]) == 1
    assert "       3      3.0 100.00%" in capsys.readouterr().out
    rules.write_text("rules:\n- {name: uavs, query: drone*}\n", encoding="utf-8")
    assert main(["rules", "lint", str(rules), "--strict"]) == 0
    assert main(["rules", "lint", str(rules), "--in", str(tmp_path / "none.jsonl")]) == 2
