"""Rules that are read again while the system runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from connectors.errors import SettingsError
from pipelines.transforms import rulebook
from pipelines.transforms.rulebook import RuleBook

ONE = "rules:\n  - {name: visits, severity: high, query: visit* AND country:IR, when: [independent], routes: [desk]}\n"
TWO = ONE + "  - {name: talks, query: talks AND country:IR}\n"
BAD = "rules:\n  - {name: visits, query: visit* AND (country:IR}\n  - {nam: talks}\n"


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "_LOOK_SECONDS", 0.0)


def names(book: RuleBook) -> list[str]:
    return [rule.name for rule in book.current().rules]


def test_changed_file_takes_effect(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(ONE)
    book = RuleBook((str(file),))
    assert names(book) == ["visits"]
    file.write_text(TWO)
    assert names(book) == ["visits", "talks"]


def test_mistake_keeps_the_last_good_rules_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(TWO)
    book = RuleBook((str(file),))
    file.write_text(BAD)
    with structlog.testing.capture_logs() as said:
        assert names(book) == ["visits", "talks"]
    [line] = [line for line in said if line["event"] == "files_refused"]
    assert line["fault_count"] >= 2
    assert all(f"{file}:" in fault for fault in line["faults"])
    file.write_text(ONE)
    assert names(book) == ["visits"]


def test_mistake_at_the_start_stops_it(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(BAD)
    with pytest.raises(SettingsError) as caught:
        RuleBook((str(file),))
    assert {fault.line for fault in caught.value.faults} >= {2, 3}


def test_file_added_to_a_folder_takes_effect(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(ONE)
    book = RuleBook((str(tmp_path),))
    (tmp_path / "two.yaml").write_text("rules:\n  - {name: talks, query: talks AND country:IR}\n")
    assert sorted(names(book)) == ["talks", "visits"]


def test_terms_carry_what_raising_needs(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(ONE)
    terms = RuleBook((str(file),)).terms("visits")
    assert terms is not None
    assert (terms.severity, set(terms.when), terms.routes) == ("high", {"independent"}, ("desk",))
    assert RuleBook((str(file),)).terms("gone") is None


def test_rule_that_another_process_read_first_has_its_own_terms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulebook, "_LOOK_SECONDS", 3600.0)
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n  - {name: talks, query: talks AND country:IR}\n")
    book = RuleBook((str(file),))
    assert names(book) == ["talks"]
    file.write_text(ONE)
    terms = book.terms("visits")
    assert terms is not None
    assert terms.routes == ("desk",)
