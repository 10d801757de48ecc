"""Rules that are read again while the system runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
import structlog

from connectors.errors import SettingsError
from pipelines.rules import load
from pipelines.slow_rules import read_slow
from pipelines.testing import START, entry
from pipelines.text.normalize import normalize
from pipelines.text.tokens import tokenize
from pipelines.transforms import rulebook
from pipelines.transforms.rulebook import RuleBook

ONE = "rules:\n  - {name: visits, severity: high, query: visit* AND country:IR, when: [independent], routes: [desk]}\n"
TWO = ONE + "  - {name: talks, query: talks AND country:IR}\n"
BAD = "rules:\n  - {name: visits, query: visit* AND (country:IR}\n  - {nam: talks}\n"


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "_LOOK_SECONDS", 0.0)


def names(book: RuleBook) -> list[str]:
    """Names of the rules that match once what the files say now is read."""
    book.current()
    assert book.settle(30)
    found = book.current().rules
    # A look that is still under way would read a file that the test is writing.
    assert book.settle(30)
    return [rule.name for rule in found]


class Held:
    """Stands for a function: calls from other threads than the test's wait until they are let through."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        self._work: Callable[..., Any] = getattr(owner, name)
        self._tester = threading.current_thread()
        self.began, self.may_go_on = threading.Event(), threading.Event()
        self.calls: list[tuple[Any, ...]] = []
        patch.setattr(owner, name, self)

    def __call__(self, *arguments: Any) -> Any:
        self.calls.append(arguments)
        if threading.current_thread() is not self._tester:
            self.began.set()
            assert self.may_go_on.wait(30)
        return self._work(*arguments)


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


def test_old_rules_match_while_changed_ones_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(ONE)
    book = RuleBook((str(file),))
    held = Held(monkeypatch, load, "read_nodes")
    file.write_text(TWO)
    before = book.current()
    assert held.began.wait(30)
    assert book.current() is before
    assert not book.settle(0)
    held.may_go_on.set()
    assert names(book) == ["visits", "talks"]
    assert len(held.calls) == 1


def test_old_rules_match_while_changed_ones_are_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(ONE)
    book = RuleBook((str(file),))
    before = book.current()
    assert book.settle(30)
    held = Held(monkeypatch, rulebook, "_compiled")
    file.write_text(TWO)
    book.current()
    assert held.began.wait(30)
    assert book.current() is before
    held.may_go_on.set()
    assert names(book) == ["visits", "talks"]


def test_changed_rule_matches_at_once_and_is_merged_with_the_others_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(ONE)
    book = RuleBook((str(file),))
    book.current()
    assert book.settle(30)
    merge = Held(monkeypatch, book, "_merge")
    file.write_text(TWO)
    book.current()
    assert merge.began.wait(30)
    assert [rule.name for rule in book.current().rules] == ["visits", "talks"]
    assert book.current().has_delta
    file.write_text(ONE.replace("visit*", "visitor*"))
    # A change during a merge does not wait for it either.
    looked = Held(monkeypatch, book, "_read_again")
    while not looked.began.wait(0.01):
        book.current()
    looked.may_go_on.set()
    while len(book.current().rules) != 1:
        assert looked.began.wait(30)
    merge.may_go_on.set()
    assert names(book) == ["visits"]
    assert names(book) == ["visits"]
    assert not book.current().has_delta


def test_process_that_never_matches_never_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = Held(monkeypatch, rulebook, "_compiled")
    file = tmp_path / "rules.yaml"
    file.write_text(ONE)
    book = RuleBook((str(file),))
    file.write_text(TWO)
    assert book.terms("talks") is not None
    assert book.settle(30)
    file.write_text(ONE)
    book.terms("visits")
    assert book.settle(30)
    assert book.terms("talks") is None
    assert compiled.calls == []


def test_failure_in_the_background_ends_whoever_matches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(ONE)
    book = RuleBook((str(file),))
    book.current()
    assert book.settle(30)

    def fail(*_: object) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr(rulebook, "_compiled", fail)
    file.write_text(TWO)
    book.current()
    assert book.settle(30)
    with pytest.raises(MemoryError, match="no more"):
        book.current()


def test_a_dear_rule_goes_to_the_slow_lane_and_the_desk_is_told(
    redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    (file := tmp_path / "rules.yaml").write_text(ONE)
    item = normalize(entry("nour", 1, "Envoy visits Iran", fetched_at=START))
    met = [(item, tokenize(item.title, item.text))] * 100
    book = RuleBook((str(file),), redis_url)
    book.matched(met, 1.0)
    assert names(book) == ["visits"]
    book.matched(met, 1.0)
    assert book.settle(30)
    assert (book.current().slow, read_slow(client)) == (frozenset(), {})
    # No rule is so cheap.
    file.write_text(TWO)
    names(book)
    book.matched(met, -1.0)
    assert book.settle(30)
    assert book.current().slow == {"visits", "talks"}
    assert read_slow(client).keys() == {"visits", "talks"}


def test_a_rule_found_dear_while_all_are_merged_stays_in_the_slow_lane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file := tmp_path / "rules.yaml").write_text(TWO)
    book = RuleBook((str(file),))
    book.current()
    item = normalize(entry("nour", 1, "Envoy visits Iran", fetched_at=START))
    # Below the least sample, so that nothing is weighed but by the test.
    book.matched([(item, tokenize(item.title, item.text))], 1.0)
    held = Held(monkeypatch, rulebook, "giving_way")
    book._start("merge", book._merge)
    assert held.began.wait(30)
    book._weigh(-1.0)
    assert book._compiled is not None
    assert book._compiled.slow == {"visits", "talks"}
    held.may_go_on.set()
    assert book.settle(30)
    assert book.current().slow == {"visits", "talks"}
