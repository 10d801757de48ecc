"""Runs the demo: serves the scenario, starts the whole system on it, prints and judges what arrives."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp

from connectors.errors import WirewatchError
from connectors.testing import Delivery as Webhook
from connectors.testing import WebhookReceiver
from pipelines.demo.delivery import Delivery, read_delivery
from pipelines.demo.files import write_files
from pipelines.demo.judge import judge
from pipelines.demo.scenario import load_expected, load_scenario
from pipelines.demo.server import Clock, DemoServer, serve
from pipelines.demo.summary import alert_lines, closing_lines
from pipelines.embedded import end_with_parent
from pipelines.node import utc_now

_DESK_PORT = 8765
_READY_SECONDS = 90.0
# A pipeline that has begun its first epoch.
_READING = re.compile(r'^wirewatch_epochs_started_total\{stage="(items|stories)"\} [1-9]', re.M)
_LOOK_SECONDS = 0.2
# Longer than a poll, a page and a delivery take together: after that nothing more is on its way.
_QUIET_SECONDS = 5.0
_STOP_SECONDS = 20.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_INTERRUPTED = 130

# Starts the system: path of the settings file and the data directory in, the running process out.
Start = Callable[[Path, Path], "subprocess.Popen[bytes]"]
Print = Callable[[str], None]


def pipelines_reading(metrics: str) -> set[str]:
    """Give the pipelines that have begun their first epoch, out of the text of ``/metrics``."""
    return set(_READING.findall(metrics))


class DemoError(WirewatchError):
    """The system did not come up, or ended before the demo did."""


def start_system(config: Path, data_dir: Path) -> subprocess.Popen[bytes]:
    """Start ``wirewatch run`` in a session of its own, its log going to the data directory."""
    command = [sys.executable, "-m", "pipelines.cli", "run", "--config", str(config), "--data-dir", str(data_dir)]
    with (data_dir / "run.log").open("wb") as log:
        # Ctrl-C must reach the demo alone, which then stops the system in order.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )


async def run_demo(
    *, once: bool, start: Start = start_system, show: Print = print, clock: Clock = utc_now, port: int = 0
) -> int:
    """Tell the scenario to a freshly started system; gives the exit code.

    With ``once`` it ends by itself: 0 only if every expected revision, and nothing else, was delivered
    exactly once. Without, the page stays up. Ctrl-C and SIGTERM end it in order, and the exit code is
    the verdict's, or that of an interrupted command where there is none yet.
    Errors: DemoError, with the end of the system's log.
    """
    with tempfile.TemporaryDirectory(prefix="wirewatch-demo-") as folder:
        demo = _Demo(Path(folder), start, show, clock, port)
        with _cancelled_by_signals() as interrupted:
            try:
                return await demo.run(once=once)
            except asyncio.CancelledError:
                if not interrupted.is_set():
                    raise
                show("Stopping …")
                return _EXIT_INTERRUPTED if demo.exit_code is None else demo.exit_code
            finally:
                await demo.stop()


@contextmanager
def _cancelled_by_signals() -> Iterator[asyncio.Event]:
    """Cancel this task at the first SIGINT or SIGTERM, and set the event; later ones change nothing."""
    loop, task, interrupted = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()

    def interrupt() -> None:
        if task is not None and not interrupted.is_set():
            interrupted.set()
            task.cancel()

    for sign in _SIGNALS:
        loop.add_signal_handler(sign, interrupt)
    try:
        yield interrupted
    finally:
        for sign in _SIGNALS:
            loop.remove_signal_handler(sign)


class _Demo:
    """One run, and everything that must be stopped after it."""

    def __init__(self, folder: Path, start: Start, show: Print, clock: Clock, port: int) -> None:
        self._folder, self._start, self._show, self._clock = folder, start, show, clock
        self._port = port or _free_port()
        self._secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self._deliveries: list[Delivery] = []
        self._refused = 0
        self._came = asyncio.Event()
        self._server: DemoServer | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stack = AsyncExitStack()
        # None until there is a verdict.
        self.exit_code: int | None = None

    async def run(self, *, once: bool) -> int:
        scenario, expected = load_scenario(), load_expected()
        receiver = await self._stack.enter_async_context(WebhookReceiver(self._secret, recorded=self._recorded))
        server = self._server = await serve(scenario, clock=self._clock)
        config = write_files(self._folder, server.feeds, receiver.url, self._secret, self._port)
        data_dir = self._folder / "data"
        data_dir.mkdir()
        page = f"http://127.0.0.1:{self._port}"
        self._show(f"Starting the system on {len(scenario.feeds)} feeds of the demo …")
        began_at = self._clock()
        process = self._process = self._start(config, data_dir)
        await self._until_ready(process, page)
        up_at = self._clock()
        self._show(f"Up after {(up_at - began_at).total_seconds():.1f} s. The page: {page}/")
        self._show(f"{scenario.title}; an hour passes in {scenario.hour.total_seconds():g} s.")
        server.begin()
        await self._or_death(server.finished.wait(), process)
        await self._or_death(self._quiet(), process)
        deliveries = self._deliveries
        first_after: timedelta | None = deliveries[0].received_at - up_at if deliveries else None
        verdict = judge(expected, deliveries)
        self.exit_code = code = 0 if verdict.ok and not self._refused else 1
        for line in closing_lines(scenario, deliveries, self._refused, first_after, verdict):
            self._show(line)
        if not once:
            self._show(f"The page stays up: {page}/ (Ctrl-C ends it)")
            await self._or_death(asyncio.Event().wait(), process)
        return code

    def _recorded(self, webhook: Webhook) -> None:
        """Remember and print one webhook."""
        delivery = read_delivery(webhook.key, webhook.raw, webhook.received_at) if webhook.is_signed else None
        if delivery is None:
            self._refused += 1
            return
        self._deliveries.append(delivery)
        self._came.set()
        server = self._server
        told_at = server.scenario.told_at(server.elapsed) if server else delivery.received_at
        for line in alert_lines(delivery.alert, told_at):
            self._show(line)

    async def _quiet(self) -> None:
        """Wait until nothing came for a while."""
        while True:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), _QUIET_SECONDS)
            except TimeoutError:
                return

    async def _until_ready(self, process: subprocess.Popen[bytes], page: str) -> None:
        """Wait for the system's own word that every part works."""
        until = asyncio.get_running_loop().time() + _READY_SECONDS
        timeout = aiohttp.ClientTimeout(total=2.0)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            said = "no answer"
            while asyncio.get_running_loop().time() < until:
                if process.poll() is not None:
                    raise DemoError(f"the system ended at start (exit code {process.returncode}){self._log_tail()}")
                try:
                    async with session.get(f"{page}/readyz") as response:
                        is_ready, said = response.status == 200, (await response.text())[:500]
                    if is_ready:
                        async with session.get(f"{page}/metrics") as response:
                            metrics = await response.text()
                        if pipelines_reading(metrics) == {"items", "stories"}:
                            return
                        # What is published before waits, and is then read shard by shard instead of by time.
                        said = "the pipelines do not read yet"
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(_LOOK_SECONDS)
        raise DemoError(f"the system was not ready after {_READY_SECONDS:.0f} s: {said}{self._log_tail()}")

    async def _or_death(self, awaited: Coroutine[None, None, object], process: subprocess.Popen[bytes]) -> None:
        """Wait for something for as long as the system lives."""
        task = asyncio.create_task(awaited)
        try:
            while not task.done():
                await asyncio.wait([task], timeout=_LOOK_SECONDS)
                if process.poll() is not None and not task.done():
                    raise DemoError(f"the system ended (exit code {process.returncode}){self._log_tail()}")
            task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _log_tail(self) -> str:
        log = self._folder / "data" / "run.log"
        lines: Sequence[str] = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else ()
        # A poll is a line at level info, and there are many; what went wrong is not.
        telling = [line for line in lines if '"level": "info"' not in line]
        return "".join(f"\n  {line}" for line in telling[-20:])

    async def stop(self) -> None:
        """Stop the system first, then what it talks to."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, _STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._server is not None:
            await self._server.stop()
        await self._stack.aclose()


def _free_port() -> int:
    """The desk's usual port, or a free one where that is taken."""
    for port in (_DESK_PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("no free port on 127.0.0.1")
