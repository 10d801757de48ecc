"""Runs all processes of a node: starts them, restarts what dies, stops them in order.

The store is started first and stopped last. A process that dies is started again with a growing
delay; what it was at is taken up at the committed cursor, so a restart needs nothing else.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from connectors.errors import WirewatchError
from pipelines import telemetry
from pipelines.embedded import EmbeddedStore, end_with_parent

_logger = structlog.get_logger()
PARTS = ("poll", "items", "stories", "deliver", "desk")
# Only where the settings ask for it.
NER = "ner"
_BACKOFF_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)
# A process that lived this long starts with the shortest delay again.
_HEALTHY_SECONDS = 20.0
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 10.0
# Settings, rules or feed lists with mistakes: a node that starts ends, one that runs waits for them to be mended.
_EXIT_BAD_INPUT = 2


@dataclass(slots=True)
class _Part:
    """One supervised process."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    failures: int = 0
    has_served: bool = False


class Supervisor:
    """Keeps the processes of one node running until asked to stop."""

    def __init__(self, arguments: Sequence[str], store: EmbeddedStore | None, parts: Sequence[str] = PARTS) -> None:
        self._store = store
        self._parts = [_Part(name, [sys.executable, "-m", "pipelines.cli", name, *arguments]) for name in parts]
        self._stop = threading.Event()
        self._store_failures = 0

    def stop(self) -> None:
        """Ask for the end; safe in a signal handler."""
        self._stop.set()

    def run(self) -> int:
        """Run until asked to stop; gives the exit code.

        Errors: EmbeddedStoreError where the store cannot be started.
        """
        try:
            for part in self._parts:
                self._start(part)
            while not self._stop.wait(_LOOK_SECONDS):
                self._look_after_store()
                for part in self._parts:
                    if (code := self._look_after(part)) is not None:
                        return code
            return 0
        finally:
            self._stop_all()

    def _start(self, part: _Part) -> None:
        part.process = subprocess.Popen(
            part.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        part.started_at = time.monotonic()

    def _look_after(self, part: _Part) -> int | None:
        """Start a dead process again when its time has come; an exit code ends everything."""
        now = time.monotonic()
        if part.process is None:
            if now >= part.start_at:
                self._start(part)
            return None
        code = part.process.poll()
        if code is None:
            return None
        _forget_metrics_of(part.process.pid)
        if now - part.started_at > _HEALTHY_SECONDS:
            part.failures, part.has_served = 0, True
        if code == _EXIT_BAD_INPUT:
            _logger.error("process_refused_its_input", process=part.name)
            if not part.has_served:
                return code
        delay_seconds = _BACKOFF_SECONDS[min(part.failures, len(_BACKOFF_SECONDS) - 1)]
        part.failures += 1
        part.process, part.start_at = None, now + delay_seconds
        telemetry.process_restarted(part.name, code, delay_seconds)
        return None

    def _look_after_store(self) -> None:
        """Start the embedded store again at once: everybody waits for it."""
        if self._store is None or self._store.is_alive():
            return
        telemetry.process_restarted("store", None, 0.0)
        try:
            self._store.start()
            self._store_failures = 0
        except WirewatchError as error:
            delay_seconds = _BACKOFF_SECONDS[min(self._store_failures, len(_BACKOFF_SECONDS) - 1)]
            self._store_failures += 1
            _logger.error("store_start_failed", error=str(error), again_in_seconds=delay_seconds)
            self._stop.wait(delay_seconds)

    def _stop_all(self) -> None:
        """Stop every process, then the store."""
        running = [part for part in self._parts if part.process is not None and part.process.poll() is None]
        for part in running:
            assert part.process is not None
            part.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + _STOP_SECONDS
        for part in running:
            assert part.process is not None
            try:
                part.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _logger.error("process_killed", process=part.name, waited_seconds=_STOP_SECONDS)
                part.process.kill()
                part.process.wait()
        if self._store is not None:
            self._store.stop()


def _forget_metrics_of(pid: int) -> None:
    """Drop the live gauges of a process that is gone."""
    from prometheus_client import multiprocess

    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # prometheus-client is untyped here


def empty_metrics(folder: Path) -> None:
    """Start the metrics of a node afresh: files of an earlier run would be counted again."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
