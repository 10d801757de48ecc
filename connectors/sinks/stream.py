"""Appends alerts as JSON lines to a file or to standard output."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import msgspec

from connectors.codec import encode
from connectors.contract import Delivered, FailReason, Outcome, Retry
from connectors.records import Alert
from connectors.sinks.post import Clock, Poster
from connectors.sinks.secrets import Secrets
from connectors.sinks.settings import SinkSettings

_BLOCK = 64 * 1024


class StreamSink:
    """Delivers at least once; ``key`` in each line is ``alert.key``.

    What arrives together is written and flushed to disk together, and ``Delivered`` means that it
    is there. A file holds whole lines only: a line torn by a crash is cut off when the file is
    opened, one torn by a full disk at once. Limits: one process a file, not moved while open.
    """

    def __init__(self, settings: SinkSettings, secrets: Secrets, poster: Poster, clock: Clock) -> None:
        self._path = settings.path
        self._descriptor = -1
        self._waiting: list[tuple[bytes, asyncio.Future[Outcome]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stream-sink")

    async def send(self, alert: Alert, reference: str) -> Outcome:
        """Append one line; a reader updates in place by ``alert_id`` and ``revision``."""
        line = encode({"key": alert.key, **msgspec.to_builtins(alert)}) + b"\n"
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((line, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        return await done

    async def close(self) -> None:
        """Finish what is being written and close the file."""
        if self._writing is not None:
            await self._writing
        self._thread.shutdown(wait=True)
        if self._descriptor > 2:
            os.close(self._descriptor)
        self._descriptor = -1

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            lines = b"".join(line for line, _ in batch)
            outcome: Outcome = Delivered()
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._append, lines)
            except OSError as error:
                outcome = Retry(FailReason.IO, f"cannot write: {error.strerror}")
            for _, done in batch:
                if not done.done():
                    done.set_result(outcome)

    def _append(self, lines: bytes) -> None:
        """Write whole lines and flush them to disk, or leave the file as it was. Errors: OSError."""
        if self._descriptor < 0:
            self._descriptor = sys.stdout.fileno() if self._path == "-" else _open_whole(self._path)
        is_file = stat.S_ISREG(os.fstat(self._descriptor).st_mode) and self._path != "-"
        size = os.fstat(self._descriptor).st_size
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._descriptor, left) :]
            if is_file:
                os.fsync(self._descriptor)
        except OSError:
            if is_file:
                os.ftruncate(self._descriptor, size)
            raise


def _open_whole(path: str) -> int:
    """Open for appending, cutting off a last line without its end. Errors: OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            size = end = os.fstat(descriptor).st_size
            while end > 0:
                begin = max(0, end - _BLOCK)
                found = os.pread(descriptor, end - begin, begin).rfind(b"\n")
                if found >= 0:
                    end = begin + found + 1
                    break
                end = begin
            if end != size:
                os.ftruncate(descriptor, end)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
