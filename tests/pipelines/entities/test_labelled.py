"""The finder against the labelled sentences: a fall below what it reached is a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.errors import SettingsError
from pipelines.entities.evaluate import Report, evaluate, table_of

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
