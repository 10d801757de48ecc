"""Rules are tried with a desk's own names, as the items pipeline matches them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from connectors.codec import encode
from connectors.log import names
from pipelines.cli import main
from pipelines.entities.own import Section
from pipelines.saved_names import SavedName, SavedNames
from pipelines.testing import entry
from pipelines.text.normalize import normalize

TITLE = "Иван Примеров прибыл на причал"
RULES = f"""
rules:
  - name: visits
    query: person:ivan-example
    tests:
      match: ["{TITLE}"]
"""
NAMES = "persons:\n  - {id: ivan-example, country: BY, names: {ru: Иван Примеров}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "names.yaml").write_text(NAMES, encoding="utf-8")
    (tmp_path / "desk.yaml").write_text("names: [names.yaml]\n", encoding="utf-8")
    line = {"id": "a", "title": TITLE, "language": "ru", "published_at": "2022-11-08T12:00:00Z"}
    (tmp_path / "in.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    return tmp_path


def keep(client: redis.Redis) -> None:
    """Keep the item as it was found before anybody listed the person."""
    item = replace(normalize(entry("nour", 1, TITLE)), language="ru")
    client.xadd(names.ITEMS, {names.FIELD: encode(item)})


def said(folder: Path, command: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    main([word.format(folder=folder) for word in command])
    return capsys.readouterr().out


COMMANDS = [
    (["rules", "test", "{folder}/rules.yaml"], "failed: 0"),
    (["rules", "match", "{folder}/rules.yaml", "{folder}/in.jsonl"], '"rules":["visits"]'),
    (["rules", "explain", "{folder}/rules.yaml", "visits", "--text", TITLE], "visits: matches"),
    (["rules", "explain", "{folder}/rules.yaml", "visits", "--in", "{folder}/in.jsonl"], "visits: matches"),
    (["rules", "backtest", "{folder}/rules.yaml", "visits", "--in", "{folder}/in.jsonl"], "visits: 1 matches in 1"),
    (["rules", "lint", "{folder}/rules.yaml", "--in", "{folder}/in.jsonl"], "\n       1 "),
]


@pytest.mark.parametrize("names_option", [["--names", "{folder}/names.yaml"], ["--config", "{folder}/desk.yaml"]])
@pytest.mark.parametrize(("command", "holds"), COMMANDS)
def test_rule_on_an_own_person_holds_in_every_try_of_the_command_line(
    command: list[str], holds: str, names_option: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert holds not in said(folder, command, capsys)
    assert holds in said(folder, [*command, *names_option], capsys)


def test_entities_finds_the_names_of_the_settings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in.jsonl").write_text(json.dumps({"id": 1, "text": TITLE, "language": "ru"}), encoding="utf-8")
    command = ["entities", "{folder}/in.jsonl"]
    assert "person:ivan-example" not in said(folder, command, capsys)
    assert "person:ivan-example" in said(folder, [*command, "--config", "{folder}/desk.yaml"], capsys)


def test_lists_stand_beside_those_of_the_settings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "more.yaml").write_text(
        "places:\n  - {id: pier-nine, type: port, country: GB, names: {en: Pier Nine}}\n", encoding="utf-8"
    )
    (folder / "rules.yaml").write_text(
        'rules: [{name: a, query: "person:ivan-example AND place:pier-nine", '
        'tests: {match: ["Иван Примеров прибыл на Pier Nine"]}}]',
        encoding="utf-8",
    )
    command = ["rules", "test", "{folder}/rules.yaml", "--config", "{folder}/desk.yaml"]
    assert "failed: 1" in said(folder, command, capsys)
    assert "failed: 0" in said(folder, [*command, "--names", "{folder}/more.yaml"], capsys)


def test_mistake_in_a_list_is_told_with_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "names.yaml").write_text(NAMES.replace("BY", "XX"), encoding="utf-8")
    assert main(["rules", "test", str(folder / "rules.yaml"), "--config", str(folder / "desk.yaml")]) == 2
    told = capsys.readouterr().err
    assert told == f"{folder}/names.yaml:2: persons[0].country: no country has the code XX\n"


@pytest.mark.parametrize(
    ("command", "holds"),
    [
        (["rules", "backtest", "{folder}/rules.yaml", "visits"], "visits: 1 matches in 1 entries"),
        (["rules", "lint", "--kept", "{folder}/rules.yaml"], "\n       1 "),
    ],
)
def test_kept_items_are_searched_for_names_of_files_and_saved_ones_that_came_later(
    command: list[str],
    holds: str,
    folder: Path,
    redis_url: str,
    client: redis.Redis,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(client)
    command = [*command, "--redis", redis_url]
    assert holds not in said(folder, command, capsys)
    assert holds in said(folder, [*command, "--config", "{folder}/desk.yaml"], capsys)
    at = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)
    record = SavedName(Section.PERSONS, "ivan-example", {"ru": "Иван Примеров"}, "Ana", at, country="BY")
    SavedNames(client).save(record, seen=0)
    assert holds in said(folder, command, capsys)
