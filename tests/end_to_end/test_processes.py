"""Processes of their own: a second reader, a mistake in a file, the end that is asked for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.log import names
from connectors.log.connect import connect
from pipelines.embedded import EmbeddedStore
from pipelines.testing import Rig, entry

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(redis_url: str, rule_file: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts commands on the tests' store; ends what is left of them."""
    config = tmp_path / "wirewatch.yaml"
    config.write_text(f"rules: [{rule_file.name}]\n")
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, store: str = redis_url) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pipelines.cli", *words, "--config", str(config)]
        command += ["--data-dir", str(tmp_path / "data"), "--redis", store]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def until(is_so: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_second_reader_waits_and_takes_over(rig: Rig, start: Start) -> None:
    readers = {process.pid: process for process in (start("items"), start("items"))}
    until(lambda: len(rig.client.keys(names.lease("items:*"))) == 1)
    rig.append(*[entry("cnn", number, f"Headline of matter {number}") for number in range(300)])
    until(lambda: rig.outcomes("items").get("read") == 300)
    [lease] = rig.client.keys(names.lease("items:*"))
    client: Any = rig.client  # its answers are typed for every way of decoding
    pid, _, own = client.get(lease).decode().partition("-")
    # Two containers may give their processes the same id.
    assert len(own) == 32
    holder = int(pid)
    assert holder in readers
    os.kill(holder, signal.SIGKILL)
    rig.append(*[entry("cnn", number, f"Headline of matter {number}") for number in range(300, 600)])
    until(lambda: rig.outcomes("items").get("read") == 600)
    assert rig.outcomes("items") == {"read": 600, "kept": 600}


@pytest.mark.parametrize("stage", ["items", "stories"])
def test_pipeline_ends_within_ten_seconds_when_asked(rig: Rig, start: Start, stage: str) -> None:
    process = start(stage)
    until(lambda: len(rig.client.keys(names.lease(f"{stage}:*"))) == 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert rig.client.keys(names.lease(f"{stage}:*")) == []


def test_pipeline_ends_when_asked_although_its_store_is_away(tmp_path: Path, start: Start) -> None:
    store = EmbeddedStore(tmp_path / "own")
    store.start()
    client: Any = connect(store.url)
    process = start("items", store=store.url)
    until(lambda: client.keys(names.lease("items:*")))
    client.close()
    store.stop()
    assert process.stderr is not None
    # Its log says so once it has noticed.
    assert any("store_away" in line for line in process.stderr)
    process.terminate()
    assert process.wait(10) == 0


def test_store_that_evicts_is_refused_at_the_start(rig: Rig, start: Start) -> None:
    rig.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        process = start("items")
        _, said = process.communicate(timeout=40)
    finally:
        rig.client.config_set("maxmemory-policy", "noeviction")
    assert process.returncode == 2
    assert "expected noeviction" in said
    assert "Traceback" not in said


def test_rules_with_mistakes_end_a_run_before_anything_starts(rule_file: Path, start: Start) -> None:
    rule_file.write_text("rules:\n  - {name: one, query: a AND (b}\n  - {name: two, severity: loud, query: c}\n")
    process = start("run")
    _, said = process.communicate(timeout=40)
    assert process.returncode == 2
    assert f"{rule_file}:2" in said
    assert f"{rule_file}:3" in said
    assert "Traceback" not in said
