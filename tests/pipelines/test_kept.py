"""Rules are tried on what a node keeps, as on an archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from connectors.codec import encode
from connectors.errors import RetryableError
from connectors.log import names
from pipelines import kept
from pipelines.cli import main
from pipelines.kept import kept_items
from pipelines.testing import START, entry
from pipelines.text.normalize import normalize

RULES = "rules:\n  - {name: visits, query: land* AND Tehran}\n"


def keep(client: redis.Redis, count: int) -> None:
    for number in range(count):
        at = START + timedelta(hours=number)
        item = normalize(entry("nour", number, f"Envoy {number} lands in Tehran", fetched_at=at))
        client.xadd(names.ITEMS, {names.FIELD: encode(replace(item, language="en"))})


def test_kept_items_come_whole_and_in_order(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_READ_AT_ONCE", 3)
    keep(client, 8)
    client.xadd(names.ITEMS, {names.FIELD: b"{"})
    with kept_items(redis_url) as items:
        found = list(items)
    assert [tried.item.title for tried in found] == [f"Envoy {number} lands in Tehran" for number in range(8)]
    assert found[0].tokens.words[:3] == ["envoy", "0", "lands"]


def test_absent_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(RetryableError), kept_items(f"unix://{tmp_path}/none.sock") as items:
        list(items)


@pytest.mark.parametrize("command", [["backtest", "{rules}", "visits"], ["lint", "--kept", "{rules}"]])
def test_commands_try_rules_on_what_a_node_keeps(
    command: list[str], redis_url: str, client: redis.Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(client, 30)
    (file := tmp_path / "rules.yaml").write_text(RULES)
    words = [word.format(rules=file) for word in command]
    assert main(["rules", *words, "--redis", redis_url]) == 0
    said = capsys.readouterr().out
    assert "30 entries" in said
    assert "visits" in said


def test_lint_measures_on_one_thing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["rules", "lint", "--kept", "--in", "x.jsonl", str(tmp_path)])
