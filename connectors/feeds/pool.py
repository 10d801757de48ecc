"""Worker processes that parse feeds, so that a hostile document costs its own worker and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import sys
from collections import deque
from datetime import datetime
from pathlib import Path
from types import TracebackType

from connectors.feeds.faults import ParseFault
from connectors.feeds.parse import MAX_BODY_BYTES
from connectors.feeds.parsed import ParsedFeed
from connectors.feeds.worker import ENCODER, LENGTH, REPLIES, Request

_REPLY_BYTES = 256 * 1024 * 1024
_CLOSE_SECONDS = 2.0
_ROOT = str(Path(__file__).resolve().parents[2])
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "SYSTEMROOT", "TZ")


class ParsePool:
    """Parses in at most ``workers`` processes at a time; an idle pool costs no CPU.

    Workers start when first needed and are reused. One that exceeds ``timeout_seconds`` of wall
    clock, ``memory_bytes`` of address space, or that crashes, is replaced; the document it held
    ends in ``timed_out`` or ``worker_died``, all others are parsed. Workers end when the pool is
    closed or its process dies, however it dies. Not to be shared between event loops.
    """

    def __init__(
        self,
        workers: int = 2,
        timeout_seconds: float = 20.0,
        memory_bytes: int = 512 * 1024 * 1024,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._memory_bytes = memory_bytes
        self._max_body_bytes = max_body_bytes
        self._free = asyncio.Semaphore(workers)
        self._idle: deque[asyncio.subprocess.Process] = deque()
        self._busy: set[asyncio.subprocess.Process] = set()
        self._is_closed = False

    async def __aenter__(self) -> ParsePool:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def parse(
        self, body: bytes, *, base_url: str, content_type: str = "", now: datetime | None = None
    ) -> ParsedFeed:
        """Parse as ``parse_feed`` does, in a worker. Raises only if the pool is closed or cannot start one."""
        if len(body) > self._max_body_bytes:
            return ParsedFeed(faults=(ParseFault.TOO_LARGE,))
        async with self._free:
            if self._is_closed:
                raise RuntimeError("the parse pool is closed")
            request = Request(
                body, base_url, content_type, now, math.ceil(self._timeout_seconds) + 1, self._max_body_bytes
            )
            return await self._ask(ENCODER.encode(request))

    async def _ask(self, request: bytes) -> ParsedFeed:
        worker = self._idle.pop() if self._idle else None
        # An idle worker may have died since: killed from outside, or by its parent's limits.
        if worker is None or worker.returncode is not None:
            worker = await self._start()
        self._busy.add(worker)
        is_fit = False
        try:
            async with asyncio.timeout(self._timeout_seconds):
                parsed, is_fit = await _exchange(worker, request)
                return parsed
        except TimeoutError:
            return ParsedFeed(faults=(ParseFault.TIMED_OUT,))
        except (asyncio.IncompleteReadError, ConnectionError):
            spent = await self._end(worker) == -signal.SIGXCPU
            return ParsedFeed(faults=(ParseFault.TIMED_OUT if spent else ParseFault.WORKER_DIED,))
        finally:
            self._busy.discard(worker)
            if is_fit and not self._is_closed:
                self._idle.append(worker)
            else:
                await asyncio.shield(self._end(worker))

    async def _start(self) -> asyncio.subprocess.Process:
        paths = [_ROOT, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        # No secrets: nothing else of the environment reaches a process that reads hostile bytes.
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(paths)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "connectors.feeds.worker",
            str(self._memory_bytes),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
        )

    async def _end(self, worker: asyncio.subprocess.Process) -> int:
        if worker.returncode is None:
            # A worker that is already ending keeps its own exit status.
            with contextlib.suppress(TimeoutError, ProcessLookupError):
                if worker.stdout is not None and worker.stdout.at_eof():
                    async with asyncio.timeout(_CLOSE_SECONDS):
                        return await worker.wait()
                worker.kill()
        return await worker.wait()

    async def close(self) -> None:
        """End all workers; documents in hand end in ``worker_died``."""
        self._is_closed = True
        workers = [*self._idle, *self._busy]
        self._idle.clear()
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
        await asyncio.gather(*(worker.wait() for worker in workers))

    def pids(self) -> list[int]:
        """Process ids of the workers there are now."""
        return [worker.pid for worker in (*self._idle, *self._busy) if worker.returncode is None]


async def _exchange(worker: asyncio.subprocess.Process, request: bytes) -> tuple[ParsedFeed, bool]:
    """Send a request and wait for its reply; the second value says that the worker serves on."""
    sink, source = worker.stdin, worker.stdout
    if sink is None or source is None:
        raise ConnectionError("the worker has no pipes")
    sink.write(LENGTH.pack(len(request)) + request)
    await sink.drain()
    size = LENGTH.unpack(await source.readexactly(LENGTH.size))[0]
    if size > _REPLY_BYTES:
        raise ConnectionError("the worker's reply is larger than any feed")
    reply = REPLIES.decode(await source.readexactly(size))
    return reply.parsed, not reply.is_last
