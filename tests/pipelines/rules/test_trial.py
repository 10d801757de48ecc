"""A desk's own texts are tried, and a failure says where its rule stands and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.rules.load import load_rules
from pipelines.rules.model import Rule, Severity
from pipelines.rules.syntax import parse
from pipelines.rules.trial import trial_lines, try_rules

RULES = """
rules:
  - name: port-strikes
    query: strike* AND port NOT football
    tests:
      match: ["Strike on the port", "Night strikes | The port burns"]
      miss: ["Dockers of the port play football on strike", "The port reopens"]
"""


def rule(query: str, match: tuple[str, ...] = (), miss: tuple[str, ...] = (), languages: tuple[str, ...] = ()) -> Rule:
    return Rule("r", Severity.LOW, query, parse(query), "v", languages=languages, must_match=match, must_miss=miss,
                path="desk.yaml", line=7)  # fmt: skip


def test_sound_rule_passes_all_its_texts(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RULES, encoding="utf-8")
    assert trial_lines(try_rules(load_rules([tmp_path]))) == ["texts tried: 4, failed: 0"]


@pytest.mark.parametrize(
    ("tried", "line"),
    [
        (
            rule("port AND country:IR", match=("Port of Iran", "Port in Russia")),
            "desk.yaml:7: r: must match 'Port in Russia', but no country:IR; it has country: RU",
        ),
        (
            rule("port", match=("Harbour | The docks",)),
            "desk.yaml:7: r: must match 'Harbour | The docks', but port is not in the item",
        ),
        (
            rule("strike* AND port", miss=("Strike at the port",)),
            "desk.yaml:7: r: must not match 'Strike at the port', but matches by Strike, port",
        ),
        (
            rule("lang:ru", miss=("Над портом сбили ракеты",)),
            "desk.yaml:7: r: must not match 'Над портом сбили ракеты', but matches by its facts alone",
        ),
        (
            rule("ракет*", match=("Над портом сбили ракеты",), languages=("uk",)),
            "desk.yaml:7: r: must match 'Над портом сбили ракеты', but the rule reads uk; the item's language is ru",
        ),
    ],
)
def test_a_failure_names_place_text_and_reason(tried: Rule, line: str) -> None:
    assert trial_lines(try_rules([tried]))[0] == line


def test_rules_without_texts_are_counted() -> None:
    assert trial_lines(try_rules([rule("port"), rule("port", miss=("x",))])) == [
        "texts tried: 1, failed: 0; rules without texts: 1"
    ]


def test_engine_that_decides_can_be_another() -> None:
    trials = try_rules([rule("port", match=("port",))], lambda rules: lambda item, tokens: [])
    assert [failure.must_match for failure in trials.failures] == [True]


def test_command_exits_with_1_on_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(RULES, encoding="utf-8")
    assert main(["rules", "test", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "texts tried: 4, failed: 0\n"
    path.write_text(RULES.replace("NOT football", ""), encoding="utf-8")
    assert main(["rules", "test", str(path)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{path}:3: port-strikes: must not match 'Dockers")
    assert out[1] == "texts tried: 4, failed: 1"


def test_command_refuses_rules_with_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.yaml").write_text("rules:\n- {name: a, query: (}\n", encoding="utf-8")
    assert main(["rules", "test", str(tmp_path)]) == 2
    assert "never closed" in capsys.readouterr().err
