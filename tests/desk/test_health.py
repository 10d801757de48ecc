"""Health and readiness."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from connectors.log import names
from desk.figures import Figures, Lag, Store
from desk.health import unready
from desk.testing import ask, serving
from pipelines.desk_settings import DeskSettings
from pipelines.embedded import EmbeddedStore
from pipelines.settings import Settings

STORE = Store(memory_bytes=1, memory_limit_bytes=0, aof_enabled=True, aof_ok=True, clients=1, version="9")
FIGURES = Figures((Lag("items", 0, 0.0, 0, 0),), {}, (), 0, 0, 0, 0, {}, STORE)


def test_node_is_ready_when_the_store_answers_and_nothing_waits(desk: str) -> None:
    answer = ask(desk + "/readyz")
    assert (answer.status, answer.json()) == (200, {"status": "ready", "reasons": []})


def test_store_that_goes_away_makes_the_node_unready_and_comes_back(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    store.start()
    try:
        with serving(Settings(), store.url) as desk:
            assert ask(desk + "/readyz").status == 200
            store.stop()
            away = ask(desk + "/readyz")
            assert away.status == 503
            assert away.json()["reasons"][0].startswith("the store does not answer")
            assert ask(desk + "/healthz").json() == {"status": "alive"}
            store.start()
            assert ask(desk + "/readyz").status == 200
    finally:
        store.stop()


def test_store_that_takes_no_writes_makes_the_node_unready(desk: str, client: redis.Redis) -> None:
    client.config_set("maxmemory", 1)
    try:
        answer = ask(desk + "/readyz")
    finally:
        client.config_set("maxmemory", 0)
    assert answer.status == 503
    assert answer.json()["reasons"][0].startswith("the store takes no writes")


def test_entries_that_wait_too_long_make_the_node_unready(start_desk: Callable[..., str], client: redis.Redis) -> None:
    client.xadd(names.entries_stream(3), {names.FIELD: b"{}"}, id="1000-0")
    answer = ask(start_desk() + "/readyz")
    assert answer.status == 503
    assert answer.json()["reasons"][0].startswith("entries: the oldest unread entry is")
    client.set(names.cursor(names.entries_stream(3)), "1000-0 1 1")
    assert ask(start_desk() + "/readyz").status == 200


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        (
            dataclasses.replace(FIGURES, store=dataclasses.replace(STORE, aof_ok=False)),
            "the store could not write its log to disk: is the disk full?",
        ),
        (
            dataclasses.replace(FIGURES, lags=(Lag("items", 3, 601.0, 3, 0),)),
            "items: the oldest unread entry is 601 s old, limit 10m",
        ),
        (
            dataclasses.replace(FIGURES, lags=(Lag("outbox", 11, 1.0, 11, 0),)),
            "outbox: 11 unread entries, limit 10",
        ),
    ],
)
def test_reasons_name_what_is_wrong(figures: Figures, reason: str) -> None:
    settings = DeskSettings(ready_lag=timedelta(minutes=10), ready_lag_entries=10)
    assert unready(FIGURES, settings) == []
    assert unready(figures, settings) == [reason]
