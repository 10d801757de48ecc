"""Rules saved by people: kept with their history, never written over unseen, read with those of the files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from connectors.errors import SettingsError
from connectors.log import names
from connectors.log.connect import connect
from pipelines.revisions import SAVED, ChangedMeanwhileError
from pipelines.rule_shelf import RuleShelf, check
from pipelines.rules.model import Severity
from pipelines.saved_rules import SavedRule, SavedRules
from pipelines.settings import Settings
from pipelines.stories.alerts import RuleTerms
from pipelines.transforms import rulebook
from pipelines.transforms.rulebook import RuleBook

AT = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)
FILE = "queries: {boats: 'ship* OR boat*'}\nrules: [{name: ports, query: '@boats AND port'}]\n"


def make_rule(name: str = "talks", **changes: Any) -> SavedRule:
    base = SavedRule(name, "talks AND country:IR", Severity.HIGH, ("en",), ("desk",), "Ana", AT)
    return replace(base, **changes)


@pytest.fixture
def store(client: redis.Redis) -> SavedRules:
    return SavedRules(client)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "rules.yaml"
    made.write_text(FILE)
    return made


def test_saved_rule_is_read_as_it_was_saved(store: SavedRules) -> None:
    made = store.save(make_rule(), seen=0)
    assert made == make_rule(revision=1)
    assert store.read().records == {"talks": made}
    assert store.history("talks") == (made,)


def test_second_of_two_editors_is_told_who_was_first(store: SavedRules) -> None:
    store.save(make_rule(), seen=0)
    store.save(make_rule(query="talks", author="Ben", saved_at=AT + timedelta(minutes=5)), seen=1)
    with pytest.raises(ChangedMeanwhileError, match="changed by Ben at 2022-11-08 12:05:00 UTC meanwhile"):
        store.save(make_rule(query="talk*"), seen=1)
    with pytest.raises(ChangedMeanwhileError, match="changed by Ben"):
        store.delete("talks", "Ana", AT, seen=1)
    with pytest.raises(ChangedMeanwhileError, match="changed by Ben"):
        store.save(make_rule(query="other"), seen=0)
    assert [rule.query for rule in store.history("talks")] == ["talks", "talks AND country:IR"]


def test_editor_who_writes_between_look_and_write_of_another_is_not_written_over(redis_url: str) -> None:
    class Interrupted(redis.Redis):
        """Has somebody else save first."""

        def pipeline(self, *arguments: Any, **options: Any) -> Any:
            opened: Any = super().pipeline(*arguments, **options)
            execute = opened.execute

            def execute_late(*given: object) -> object:
                opened.execute = execute
                SavedRules(connect(redis_url)).save(make_rule(author="Ben"), seen=0)
                return execute(*given)

            if not other.history("talks"):
                opened.execute = execute_late
            return opened

    other = SavedRules(connect(redis_url))
    with pytest.raises(ChangedMeanwhileError, match="changed by Ben"):
        SavedRules(Interrupted.from_url(redis_url)).save(make_rule(query="mine"), seen=0)
    assert [rule.author for rule in other.history("talks")] == ["Ben"]


def test_saving_again_after_a_lost_answer_saves_once(store: SavedRules) -> None:
    store.save(make_rule(), seen=0)
    assert store.save(make_rule(saved_at=AT + timedelta(seconds=9)), seen=0).revision == 1
    assert len(store.history("talks")) == 1


def test_deleted_rule_leaves_its_history_and_can_be_made_again(store: SavedRules) -> None:
    store.save(make_rule(), seen=0)
    gone = store.delete("talks", "Ben", AT, seen=1)
    assert (gone.is_deleted, gone.revision, gone.query) == (True, 2, "talks AND country:IR")
    assert store.read().records == {}
    assert store.delete("talks", "Ben", AT, seen=1) == gone
    with pytest.raises(ChangedMeanwhileError, match="deleted by Ben"):
        store.save(make_rule(), seen=1)
    assert store.save(make_rule(), seen=0).revision == 3
    assert [rule.is_deleted for rule in store.history("talks")] == [False, True, False]
    with pytest.raises(ChangedMeanwhileError, match="there is no such rule"):
        store.delete("never", "Ben", AT, seen=0)


def test_rules_of_files_and_saved_ones_are_in_force_together(store: SavedRules, file: Path) -> None:
    store.save(make_rule(query="@boats AND talks"), seen=0)
    found = RuleShelf((str(file),), store).read()
    assert [(rule.name, rule.path) for rule in found.rules] == [("ports", str(file)), ("talks", SAVED)]
    assert (found.rules[1].severity, found.rules[1].languages, found.rules[1].routes) == ("high", ("en",), ("desk",))
    assert found.left_out == {}


def test_saved_rule_that_uses_a_named_query_changes_with_it(store: SavedRules, file: Path) -> None:
    store.save(make_rule(query="@boats AND talks"), seen=0)
    shelf = RuleShelf((str(file),), store)
    before = shelf.read().rules[1].version
    file.write_text(FILE.replace("boat*", "ferry"))
    assert shelf.read().rules[1].version != before
    assert shelf.look() is None


def test_saved_rule_whose_named_query_went_is_left_out_and_stops_no_other(
    store: SavedRules, client: redis.Redis, file: Path
) -> None:
    store.save(make_rule("a", query="@boats AND talks"), seen=0)
    store.save(make_rule("b"), seen=0)
    client.hset(names.RULES, "c", "{}")
    shelf = RuleShelf((str(file),), store)
    shelf.read()
    file.write_text("rules: [{name: ports, query: port}]\n")
    found = shelf.read()
    assert [rule.name for rule in found.rules] == ["ports", "b"]
    assert "@boats" in found.left_out["a"]
    assert "expected a SavedRule" in found.left_out["c"]


def test_file_that_takes_the_name_of_a_saved_rule_wins(store: SavedRules, file: Path) -> None:
    store.save(make_rule(), seen=0)
    shelf = RuleShelf((str(file),), store)
    shelf.read()
    file.write_text("rules: [{name: talks, query: port}]\n")
    found = shelf.read()
    assert [(rule.name, rule.query) for rule in found.rules] == [("talks", "port")]
    assert found.left_out == {"talks": "the file rules.yaml, line 1, has a rule of this name"}


def test_files_with_mistakes_do_not_hold_up_saved_rules(store: SavedRules, file: Path) -> None:
    shelf = RuleShelf((str(file),), store)
    shelf.read()
    file.write_text("rules: [{name: ports, query: (port}]\n")
    store.save(make_rule(), seen=0)
    found = shelf.read()
    assert [rule.name for rule in found.rules] == ["ports", "talks"]
    assert len(found.faults) == 1
    file.write_text(FILE)
    assert shelf.read().faults == ()


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"name": "ports"}, "name", "the file rules.yaml, line 2, has a rule of this name"),
        ({"name": "<script>"}, "<script>", "expected letters, digits"),
        ({"query": "(port"}, "talks.query", "line 1, column 1: this parenthesis is never closed"),
        ({"query": "@ships"}, "talks.query", "@ships"),
        ({"author": " "}, "author", "expected the name of who saves it"),
        ({"author": "x" * 81}, "author", "at most 80"),
        ({"author": "A\u202en"}, "author", "printable"),
    ],
)
def test_what_cannot_be_saved_is_told_by_field(file: Path, changes: dict[str, Any], field: str, said: str) -> None:
    in_force = RuleShelf((str(file),)).read()
    assert check(make_rule(), in_force).name == "talks"
    with pytest.raises(SettingsError) as caught:
        check(make_rule(**{"name": "talks", **changes}), in_force)
    [fault] = caught.value.faults
    assert fault.where == field
    assert said in fault.message


def test_rulebook_takes_saved_rules_over_and_keeps_them_while_the_store_is_away(
    redis_url: str, store: SavedRules, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulebook, "_LOOK_SECONDS", 0.0)
    book = RuleBook((str(file),), redis_url)

    def matched() -> list[str]:
        book.current()
        assert book.settle(30)
        found = book.current().rules
        assert book.settle(30)
        return [rule.name for rule in found]

    assert matched() == ["ports"]
    store.save(make_rule(), seen=0)
    # The process that raises knows a rule that another has matched, however fresh it is.
    assert book.terms("talks") == RuleTerms("talks", "high", book.terms("ports").when, ("desk",))  # type: ignore[union-attr]
    assert matched() == ["ports", "talks"]

    def away(*_: object) -> None:
        raise redis.ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr(redis.Redis, "get", away)
        file.write_text(FILE.replace("ports", "harbours"))
        assert matched() == ["harbours", "talks"]
        assert book.terms("nothing") is None
    store.delete("talks", "Ben", AT, seen=1)
    assert matched() == ["harbours"]


def test_emptied_store_that_comes_to_as_many_changes_is_read_again(store: SavedRules, client: redis.Redis) -> None:
    store.save(make_rule("a"), seen=0)
    known = store.read()
    assert store.read(known) is known
    client.flushall()
    store.save(make_rule("b"), seen=0)
    assert list(store.read(known).records) == ["b"]


def test_default_settings_have_rules_that_saved_ones_stand_beside(store: SavedRules) -> None:
    from pipelines.settings import rule_files

    store.save(make_rule(), seen=0)
    assert RuleShelf(rule_files(Settings()), store).read().rules[-1].name == "talks"
