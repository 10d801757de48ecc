"""The demo's own run, against stand-ins for the system: what it waits for, prints and gives as exit code."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.feeds.catalogue import load_catalogue
from pipelines.demo.files import write_files
from pipelines.demo.run import DemoError, run_demo
from pipelines.demo.scenario import load_scenario
from pipelines.demo.server import DemoServer, utc_now


def test_files_hold_the_feeds_and_a_secret_nobody_else_may_read(tmp_path: Path) -> None:
    server = DemoServer(load_scenario(), utc_now)
    server.url = "http://127.0.0.1:9"
    config = write_files(tmp_path, server.feeds, "http://127.0.0.1:9/alerts", "whsec_x", 8765)
    assert load_catalogue([tmp_path / "feeds.yaml"]) == server.feeds
    assert config.stat().st_mode & 0o077 == 0


def test_a_system_that_ends_at_start_is_told_with_its_log() -> None:
    def start(config: Path, data_dir: Path) -> subprocess.Popen[bytes]:
        with (data_dir / "run.log").open("wb") as log:
            return subprocess.Popen([sys.executable, "-c", "print('no such store'); raise SystemExit(3)"], stdout=log)

    with pytest.raises(DemoError, match=r"ended at start \(exit code 3\)\n  no such store"):
        asyncio.run(run_demo(once=True, start=start, show=lambda line: None))
