"""The supervisor: what ends a node, and what only a part of it."""

from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from pipelines import supervise
from pipelines.ner.settings import NerSettings
from pipelines.node import run_node
from pipelines.settings import Settings
from pipelines.supervise import Supervisor


def supervisor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> Supervisor:
    """One part that runs this program, with the folder as its first argument."""
    monkeypatch.setattr(supervise, "_HEALTHY_SECONDS", 0.3)
    made = Supervisor([], None, ("items",))
    [part] = made._parts
    part.command = [sys.executable, "-c", program, str(tmp_path)]
    return made


def test_part_that_refuses_its_input_at_the_start_ends_the_node(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert supervisor(monkeypatch, tmp_path, "raise SystemExit(2)").run() == 2


class StartsNothing(Supervisor):
    """Tells which parts it would start."""

    parts: ClassVar[list[str]] = []

    def run(self) -> int:
        self.parts[:] = [part.name for part in self._parts]
        return 0


def test_lane_for_unlisted_names_is_started_only_where_the_settings_ask_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervise, "Supervisor", StartsNothing)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    settings = Settings(data_dir=str(tmp_path), redis="redis://localhost")
    run_node(settings, config=None, log_level="info")
    assert StartsNothing.parts == ["poll", "items", "stories", "deliver", "desk"]
    run_node(replace(settings, ner=NerSettings({"en": "model"})), config=None, log_level="info")
    assert StartsNothing.parts == ["poll", "items", "stories", "deliver", "desk", "ner"]


# Serves for a while and dies; finds a mistake in a file twice; serves again once somebody mended it.
MENDED = """
import pathlib, sys, time
starts = pathlib.Path(sys.argv[1], "starts")
with starts.open("a") as file: file.write("x")
count = len(starts.read_text())
if count in (2, 3): raise SystemExit(2)
if count == 1: time.sleep(0.6); raise SystemExit(1)
time.sleep(60)
"""


def test_mistake_in_a_file_of_a_running_node_is_waited_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    node = supervisor(monkeypatch, tmp_path, MENDED)

    def stop_when_mended() -> None:
        until, starts = time.monotonic() + 30, tmp_path / "starts"
        while time.monotonic() < until and not (starts.exists() and len(starts.read_text()) == 4):
            time.sleep(0.05)
        node.stop()

    threading.Thread(target=stop_when_mended).start()
    assert node.run() == 0
    assert (tmp_path / "starts").read_text() == "xxxx"
