"""The finder against the labelled sentences: a fall below what it reached is a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.errors import SettingsError
from pipelines.entities.evaluate import Report, evaluate, key_of, table_of
from pipelines.entities.find import entities_of_text

SENTENCES = Path(__file__).parents[2] / "data" / "entities" / "sentences.jsonl"


@pytest.fixture(scope="module")
def report() -> Report:
    with SENTENCES.open(encoding="utf-8") as lines:
        return evaluate(lines, str(SENTENCES))


def test_sentences_cover_languages_and_traps(report: Report) -> None:
    languages = [group for group in report.groups if group.startswith("language ")]
    assert len(languages) >= 12
    assert report.groups["all"].wanted >= 1500


def test_names_are_found_and_linked(report: Report) -> None:
    assert report.groups["all"].f1 >= 0.94
    assert {group: tally.f1 for group, tally in report.groups.items() if "language" in group and tally.f1 < 0.9} == {}
    assert report.groups["kind metonym"].f1 >= 0.9


@pytest.mark.parametrize("name", ["sentences.jsonl", "countries.jsonl"])
def test_labels_stand_where_they_say(name: str) -> None:
    for line in (SENTENCES.parent / name).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for one in row["entities"]:
            assert row["text"][one["start"] : one["end"]] == one["text"], (row["id"], one)


def test_hard_country_names_are_found_and_few_words_taken_for_one() -> None:
    found = right = missed = 0
    for line in (SENTENCES.parent / "countries.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        entities = entities_of_text(row["text"], row["language"])
        marked = {key_of(one) for one in row["entities"]}
        names = {key_of(one) for one in entities if one["kind"] == "country"}
        found += len(names)
        right += len(names & marked)
        for one in row["entities"]:
            over = [each for each in entities if each["start"] <= one["start"] and one["end"] <= each["end"]]
            missed += not any(one["id"] in (each["id"], *each.get("implies", ())) for each in over)
    assert right / found >= 0.95
    assert missed <= 6


def test_mistakes_say_what_was_missed_and_what_was_wrong() -> None:
    wrong = {"id": "country:RU", "kind": "country", "start": 0, "end": 4}
    report = evaluate([json.dumps({"id": "1", "language": "en", "text": "Iran and Oman", "entities": [wrong]})])
    assert report.groups["all"].right == 0
    assert report.mistakes[0]["missed"] == ["Iran country:RU"]
    assert report.mistakes[0]["wrong"] == ["Iran country:IR", "Oman country:OM"]
    assert "precision" in next(table_of(report))


def test_line_without_labels_is_named() -> None:
    with pytest.raises(SettingsError, match=r"data.jsonl:1: expected"):
        evaluate(['{"text":"x"}'], "data.jsonl")


def test_label_that_lacks_something_is_named() -> None:
    with pytest.raises(SettingsError, match=r"data.jsonl:1: entities\[0\]: expected"):
        evaluate(['{"text":"Iran","entities":[{"id":"country:IR"}]}'], "data.jsonl")
