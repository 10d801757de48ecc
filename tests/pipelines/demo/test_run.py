"""The demo's own run, against stand-ins for the system: what it waits for, prints and gives as exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from connectors.feeds.catalogue import load_catalogue
from connectors.records import Alert
from connectors.sinks.payload import webhook_body
from connectors.sinks.signature import read_keys, sign
from connectors.testing import plain_alert
from pipelines.demo import run
from pipelines.demo.files import write_files
from pipelines.demo.run import DemoError, pipelines_reading, run_demo
from pipelines.demo.scenario import load_expected, load_scenario
from pipelines.demo.server import DemoServer
from pipelines.node import utc_now
from pipelines.settings import load_settings

_METRICS = """
# TYPE wirewatch_epochs_started_total counter
wirewatch_epochs_started_total{stage="items"} 3.0
wirewatch_epochs_started_total{stage="stories"} 1.0
"""
_READY = f"""
import http.server, sys
class Desk(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/readyz", "/metrics") else 404)
        self.end_headers()
        self.wfile.write({_METRICS!r}.encode() if self.path == "/metrics" else b"")
    def log_message(self, *arguments): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Desk).serve_forever()
"""


class StandIn:
    """A system that is ready at once and does what the test wants; the test sees its process."""

    def __init__(self, act: Callable[[dict[str, Any]], Coroutine[Any, Any, None]] | None = None) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._act = act
        self._task: asyncio.Task[None] | None = None

    def __call__(self, config: Path, data_dir: Path) -> subprocess.Popen[bytes]:
        settings = yaml.safe_load(config.read_text("utf-8"))
        port = str(settings["desk"]["port"])
        self.process = subprocess.Popen([sys.executable, "-c", _READY, port], start_new_session=True)
        if self._act is not None:
            self._task = asyncio.get_running_loop().create_task(self._act(settings))
        return self.process

    @property
    def is_stopped(self) -> bool:
        return self.process is not None and self.process.poll() is not None


def fast_clock() -> Callable[[], datetime]:
    """A clock on which the scenario passes in well under a second."""
    began_at = datetime.now(UTC)
    return lambda: began_at + 100 * (datetime.now(UTC) - began_at)


def expected_alerts() -> list[Alert]:
    [wanted] = load_expected().alerts
    return [
        plain_alert(
            datetime.now(UTC),
            revision=number,
            rule=wanted.rule,
            state=step.state,
            flags=step.flags,
            title=wanted.title,
            interests=step.interests,
            independent=step.independent,
            report_count=number,
            caused_published_at=None,
        )
        for number, step in enumerate(wanted.revisions, start=1)
    ]


def posting(alerts: list[Alert], secret: str = "") -> Callable[[dict[str, Any]], Coroutine[Any, Any, None]]:
    """Deliver these alerts, signed with the demo's secret or another one."""

    async def act(settings: dict[str, Any]) -> None:
        [sink] = settings["deliver"]["sinks"]
        keys = read_keys(secret or sink["secret"])
        async with aiohttp.ClientSession() as session:
            for alert in alerts:
                body = webhook_body(alert)
                headers = sign(keys, alert.key, datetime.now(UTC), body)
                async with session.post(sink["url"], data=body, headers=headers) as response:
                    await response.read()

    return act


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_QUIET_SECONDS", 0.5)


def test_files_are_settings_that_a_run_accepts(tmp_path: Path) -> None:
    server = DemoServer(load_scenario(), utc_now)
    server.url = "http://127.0.0.1:9"
    secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
    config = write_files(tmp_path, server.feeds, "http://127.0.0.1:9/alerts", secret, 8765)
    assert load_catalogue([tmp_path / "feeds.yaml"]) == server.feeds
    settings = load_settings(str(config))
    assert settings.rules == (str(tmp_path / "rules.yaml"),)
    assert not settings.feeds.use_default_catalogue
    assert settings.feeds.hot_ceiling == timedelta(seconds=1)
    assert [sink.secret for sink in settings.deliver.sinks] == [secret]
    assert list(settings.deliver.faults()) + list(settings.deliver.sinks[0].faults()) == []


def test_the_file_with_the_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    config = write_files(tmp_path, (), "http://127.0.0.1:9/alerts", "whsec_x", 8765)
    assert config.stat().st_mode & 0o077 == 0


def test_a_system_that_ends_at_start_is_told_with_its_log() -> None:
    def start(config: Path, data_dir: Path) -> subprocess.Popen[bytes]:
        with (data_dir / "run.log").open("wb") as log:
            return subprocess.Popen([sys.executable, "-c", "print('no such store'); raise SystemExit(3)"], stdout=log)

    with pytest.raises(DemoError, match=r"ended at start \(exit code 3\)\n  no such store"):
        asyncio.run(run_demo(once=True, start=start, show=lambda line: None))


def test_a_system_that_ends_midway_is_told() -> None:
    def show(line: str) -> None:
        if line.startswith("Up after"):
            assert system.process is not None
            system.process.kill()

    system = StandIn()
    with pytest.raises(DemoError, match=r"the system ended \(exit code -9\)"):
        asyncio.run(run_demo(once=True, start=system, show=show))


def test_the_expected_alerts_give_exit_code_0_and_stop_the_system() -> None:
    shown: list[str] = []
    system = StandIn(posting(expected_alerts()))
    assert asyncio.run(run_demo(once=True, start=system, show=shown.append, clock=fast_clock())) == 0
    assert shown[-1] == "As expected."
    assert sum("UPGRADED" in line for line in shown) == 2
    assert system.is_stopped


@pytest.mark.parametrize(
    "alerts",
    [[], expected_alerts()[:2], [*expected_alerts(), expected_alerts()[-1]]],
    ids=["silence", "one missing", "one doubled"],
)
def test_anything_else_gives_exit_code_1(alerts: list[Alert]) -> None:
    shown: list[str] = []
    system = StandIn(posting(alerts))
    assert asyncio.run(run_demo(once=True, start=system, show=shown.append, clock=fast_clock())) == 1
    assert shown[-1] == "NOT as expected."


def test_a_wrong_signature_gives_exit_code_1() -> None:
    shown: list[str] = []
    other = expected_alerts()[0]
    right, wrong = posting(expected_alerts()), posting([other], "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")

    async def act(settings: dict[str, Any]) -> None:
        await right(settings)
        await wrong(settings)

    assert asyncio.run(run_demo(once=True, start=StandIn(act), show=shown.append, clock=fast_clock())) == 1
    assert any(", 1 refused" in line for line in shown)


@pytest.mark.parametrize(("marker", "code"), [("Up after", 130), ("The page stays up", 0)])
def test_a_signal_stops_the_system_in_order(marker: str, code: int) -> None:
    def show(line: str) -> None:
        shown.append(line)
        if line.startswith(marker):
            os.kill(os.getpid(), signal.SIGTERM)

    shown: list[str] = []
    system = StandIn(posting(expected_alerts()))
    assert asyncio.run(run_demo(once=False, start=system, show=show, clock=fast_clock())) == code
    assert shown[-1] == "Stopping …"
    assert system.is_stopped


def test_a_pipeline_reads_once_it_has_begun_an_epoch() -> None:
    assert pipelines_reading("") == set()
    assert pipelines_reading(_METRICS.replace('"items"} 3.0', '"items"} 0.0')) == {"stories"}
    assert pipelines_reading(_METRICS) == {"items", "stories"}
