"""The lane against a real store: one outcome for each item, names once, never in the way of anybody."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from prometheus_client import REGISTRY

from connectors.codec import decode, encode
from connectors.log import names
from connectors.log.log import RedisLog
from connectors.log.pages import Cursor, Standing
from pipelines.entities.unlisted import Marked
from pipelines.model import Entity, Item, UnlistedNames
from pipelines.ner import serve as serving
from pipelines.ner.lane import LANE, LaneOutcome, beginning, leaving_out
from pipelines.ner.models import Models, load_models
from pipelines.ner.serve import Lane
from pipelines.ner.settings import NerSettings
from pipelines.testing import entry
from pipelines.text.normalize import normalize


@pytest.fixture
def models(model: str) -> Models:
    return load_models(NerSettings({"en": model}))


@pytest.fixture
def log(redis_url: str) -> Iterator[RedisLog]:
    opened = RedisLog(redis_url, reader=LANE, patience_seconds=5)
    yield opened
    opened.client.close()


def item(number: int, title: str = "Nothing to see", text: str = "", **changes: Any) -> Item:
    return replace(normalize(entry("feed", number, title, text)), **({"language": "en"} | changes))


def append(client: redis.Redis, *items: Item) -> None:
    for each in items:
        client.xadd(names.ITEMS, {names.FIELD: encode(each)})


def run(log: RedisLog, models: Models, **settings: Any) -> None:
    """Serve until there is nothing to do."""
    lane = Lane(log, models, NerSettings({"en": "tested"}, **settings))
    while lane.turn():
        pass
    lane.release()


def kept(client: redis.Redis) -> list[UnlistedNames]:
    records = cast("list[Any]", client.xrange(names.UNLISTED))
    return [decode(UnlistedNames, fields[names.FIELD]) for _, fields in records]


def outcomes(client: redis.Redis) -> dict[str, int]:
    raw = cast("dict[bytes, bytes]", client.hgetall(names.outcomes(LANE)))
    return {name.decode(): int(count) for name, count in raw.items()}


def test_names_of_title_and_text_are_kept_with_their_item(log: RedisLog, client: redis.Redis, models: Models) -> None:
    text = "Tehran received the Nimbrod Group. " + "x" * 20 + " Olmar Vantry"
    place = Entity("place:geonames:112931", "place", "text", 0, 6, "Tehran")
    told = item(1, "Olmar Vantry’s visit", text, entities=(place,))
    append(client, item(0), told)
    run(log, models, lead_characters=60)
    [found] = kept(client)
    assert (found.item_id, found.url, found.title, found.language) == (told.item_id, told.url, told.title, "en")
    assert [(one.field, one.kind, one.text) for one in found.entities] == [
        ("title", "person", "Olmar Vantry"),
        ("text", "org", "Nimbrod Group"),
    ]
    for one in found.entities:
        assert (told.title if one.field == "title" else told.text)[one.start : one.end] == one.text
        assert one.flags == ("unlinked",)
    assert outcomes(client) == {"read": 2, "found": 1, "nothing": 1}


def test_every_item_has_one_outcome(log: RedisLog, client: redis.Redis, models: Models) -> None:
    append(client, *(item(number, "Olmar Vantry" if number % 3 else "Nobody") for number in range(100)))
    append(client, item(101, "Olmar Vantry", language="fr"), item(102, "Olmar Vantry", language=""))
    client.xadd(names.ITEMS, {names.FIELD: b"{no json"})
    before = {outcome: _settled(outcome) for outcome in LaneOutcome}
    run(log, models)
    counted = outcomes(client)
    assert counted == {"read": 103, "found": 66, "nothing": 34, "language": 2, "unreadable": 1}
    assert len(kept(client)) == counted["found"]
    assert {one: _settled(one) - before[one] for one in LaneOutcome if _settled(one) > before[one]} == {
        one: counted[one] for one in LaneOutcome if one in counted
    }


def _settled(outcome: LaneOutcome) -> int:
    return int(REGISTRY.get_sample_value("wirewatch_ner_items_settled_total", {"outcome": outcome}) or 0)


def test_item_that_the_model_cannot_read_holds_up_no_other(log: RedisLog, client: redis.Redis, models: Models) -> None:
    class Failing(Models):
        def mark(self, language: str, texts: Sequence[str]) -> list[tuple[Marked, ...]]:
            if any("bad" in text for text in texts):
                raise ValueError("no")
            return models.mark(language, texts)

    append(client, item(1, "Olmar Vantry"), item(2, "bad Olmar Vantry"), item(3, "Olmar Vantry"))
    failing = Failing(models._by_language)
    run(log, failing)
    assert outcomes(client) == {"read": 3, "found": 2, "failed": 1}


def test_late_lane_goes_on_with_the_newest_and_counts_what_it_left_out(
    log: RedisLog, client: redis.Redis, models: Models
) -> None:
    append(client, item(0))
    run(log, models, behind_items=5)
    append(client, *(item(number, "Olmar Vantry") for number in range(1, 8)))
    run(log, models, behind_items=5)
    assert outcomes(client) == {"read": 8, "nothing": 1, "behind": 7}
    assert kept(client) == []
    append(client, *(item(number, "Olmar Vantry") for number in range(8, 13)))
    run(log, models, behind_items=5)
    assert outcomes(client) == {"read": 13, "nothing": 1, "behind": 7, "found": 5}


def test_items_trimmed_unread_are_counted(log: RedisLog, client: redis.Redis, models: Models) -> None:
    append(client, item(0))
    run(log, models)
    append(client, *(item(number, "Olmar Vantry") for number in range(1, 8)))
    client.xtrim(names.ITEMS, maxlen=3, approximate=False)
    run(log, models)
    assert outcomes(client) == {"read": 8, "nothing": 1, "trimmed": 4, "found": 3}


def test_first_start_counts_nothing_that_was_gone_before_it(log: RedisLog, client: redis.Redis, models: Models) -> None:
    append(client, *(item(number, "Olmar Vantry") for number in range(10)))
    client.xtrim(names.ITEMS, maxlen=4, approximate=False)
    run(log, models)
    assert outcomes(client) == {"read": 4, "found": 4}
    assert log.standing(names.ITEMS).cursor.read == 10


def test_lane_has_a_cursor_of_its_own_and_trims_nothing(log: RedisLog, client: redis.Redis, models: Models) -> None:
    append(client, *(item(number) for number in range(3)))
    run(log, models)
    assert client.get(names.cursor(names.ITEMS)) is None
    assert client.xlen(names.ITEMS) == 3


def test_only_so_many_items_with_names_are_kept(log: RedisLog, client: redis.Redis, models: Models) -> None:
    append(client, *(item(number, "Olmar Vantry") for number in range(600)))
    run(log, models, retained_items=50)
    # Redis trims whole nodes of a stream.
    assert 50 <= len(kept(client)) < 300
    assert outcomes(client)["found"] == 600


class Crash(BaseException):
    """The process ends here."""


class Crashing(RedisLog):
    """Ends before or behind the commit of that number."""

    def __init__(self, url: str, at: int, *, is_applied: bool) -> None:
        super().__init__(url, reader=LANE, patience_seconds=5)
        self._at = at
        self._is_applied = is_applied

    def commit(self, stream: str, after: Cursor, cursor: Cursor, effects: Any) -> bool:
        self._at -= 1
        if self._at < 0 and not self._is_applied:
            raise Crash
        done = super().commit(stream, after, cursor, effects)
        if self._at < 0:
            raise Crash
        return done


@pytest.mark.parametrize("is_applied", [False, True])
@pytest.mark.parametrize("at", range(5))
def test_lane_that_is_killed_at_any_commit_reads_each_item_once(
    redis_url: str, client: redis.Redis, models: Models, monkeypatch: pytest.MonkeyPatch, at: int, is_applied: bool
) -> None:
    monkeypatch.setattr(serving, "_PAGE_ITEMS", 4)
    monkeypatch.setattr(serving, "_LEASE_MS", 1)
    append(client, *(item(number, "Olmar Vantry" if number % 2 else "Nobody") for number in range(13)))
    with pytest.raises(Crash):
        run(Crashing(redis_url, at, is_applied=is_applied), models)
    time.sleep(0.01)  # the lease of the dead one ends
    run(RedisLog(redis_url, reader=LANE, patience_seconds=5), models)
    assert outcomes(client) == {"read": 13, "found": 6, "nothing": 7}
    assert [found.title for found in kept(client)] == ["Olmar Vantry"] * 6
    assert len({found.item_id for found in kept(client)}) == 6


def test_second_lane_by_mistake_doubles_nothing(
    redis_url: str, client: redis.Redis, log: RedisLog, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(client, *(item(number, "Olmar Vantry") for number in range(5)))
    other = RedisLog(redis_url, reader=LANE, patience_seconds=5)
    run(other, models)
    append(client, item(5, "Olmar Vantry"))

    class Late(Models):
        """Reads so slowly that another process is first."""

        def mark(self, language: str, texts: Sequence[str]) -> list[tuple[Marked, ...]]:
            monkeypatch.setattr(serving, "_LEASE_MS", 1)
            client.delete(names.lease(LANE))
            Lane(other, models, NerSettings({"en": "tested"})).turn()
            return models.mark(language, texts)

    Lane(log, Late(models._by_language), NerSettings({"en": "tested"})).turn()
    assert outcomes(client) == {"read": 6, "found": 6}
    assert len(kept(client)) == 6


def test_lane_waits_while_another_holds_the_lease(
    redis_url: str, client: redis.Redis, log: RedisLog, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_WAIT_FOR_LEASE_SECONDS", 0.0)
    append(client, item(1))
    assert RedisLog(redis_url).hold(LANE, "another", 10_000)
    assert not Lane(log, models, NerSettings({"en": "tested"})).turn()
    assert outcomes(client) == {}


def test_where_a_lane_begins_and_what_it_leaves_out() -> None:
    assert beginning(Standing(last_id="9-0", added=9, length=4)).cursor == Cursor("0-0", 1, 5)
    on_time = Standing(Cursor("5-0", 7, 5), "9-0", 9, 9)
    assert leaving_out(on_time, 4) is None
    late = leaving_out(on_time, 3)
    assert late is not None
    assert (late.cursor, dict(late.outcomes)) == (Cursor("9-0", 8, 9), {LaneOutcome.BEHIND: 4})
    trimmed = leaving_out(Standing(Cursor("5-0", 7, 5), "9-0", 9, 2), 4)
    assert trimmed is not None
    assert (trimmed.cursor, dict(trimmed.outcomes)) == (Cursor("5-0", 8, 7), {LaneOutcome.TRIMMED: 2})


def lane_process(redis_url: str, config: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipelines.cli", "ner", "--config", str(config), "--redis", redis_url]
    return subprocess.Popen([*command, "--data-dir", str(config.parent / "data")], stderr=subprocess.DEVNULL)


def until(is_so: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.kills
def test_process_that_is_killed_reads_each_item_once_and_stops_when_asked(
    redis_url: str, client: redis.Redis, model: str, tmp_path: Path
) -> None:
    config = tmp_path / "desk.yaml"
    config.write_text(f"ner: {{models: {{en: {model}}}}}\n")
    appended, stage = 0, 1000
    for _ in range(3):
        append(client, *(item(appended + number, "Olmar Vantry") for number in range(stage)))
        begun = outcomes(client).get("read", 0)
        appended += stage
        with lane_process(redis_url, config) as lane:
            until(lambda begun=begun: outcomes(client).get("read", 0) > begun)
            lane.kill()
        client.delete(names.lease(LANE))
    with lane_process(redis_url, config) as lane:
        until(lambda: outcomes(client).get("read", 0) >= appended)
        lane.send_signal(signal.SIGTERM)
        assert lane.wait(10) == 0
    assert outcomes(client) == {"read": appended, "found": appended}
    assert len({found.item_id for found in kept(client)}) == len(kept(client)) == appended
    assert not client.exists(names.lease(LANE))


def test_lane_without_a_model_ends_with_what_is_expected(redis_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipelines.cli", "ner", "--redis", redis_url, "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "ner: ner.models: expected the model of at least one language: the lane is off\n"
