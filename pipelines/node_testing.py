"""A whole node for tests and benchmarks: `wirewatch run` on feeds that a local site publishes step by step."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from xml.sax.saxutils import escape

import redis
from aiohttp import web

from connectors.codec import decode
from connectors.log import names
from connectors.log.connect import connect
from connectors.log.pages import Cursor
from connectors.records import Alert
from connectors.testing import WebhookReceiver
from pipelines.embedded import EmbeddedStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Published:
    """One entry of a local feed."""

    id: str
    title: str
    text: str
    published_at: str


class Site:
    """Feeds on loopback, and a webhook receiver beside them, on an event loop of their own thread."""

    def __init__(self, feeds: Sequence[str], secret: str) -> None:
        self._entries: dict[str, list[Published]] = {feed: [] for feed in feeds}
        self._documents: dict[str, tuple[str, bytes]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.receiver = WebhookReceiver(secret)
        self._runner: web.AppRunner | None = None
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_get("/{feed}.xml", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        await web.SockSite(self._runner, listener).start()
        await self.receiver.__aenter__()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    async def _serve(self, request: web.Request) -> web.Response:
        feed = request.match_info["feed"]
        entries = self._entries[feed]
        # Entries only come at the end and go at the beginning: length and last id name the document.
        version = f"{len(entries)} {entries[-1].id if entries else ''}"
        before, body = self._documents.get(feed, ("", b""))
        if before != version:
            body = _rss(feed, self.url, entries)
            self._documents[feed] = (version, body)
        etag = f'"{version}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        headers = {"ETag": etag, "Content-Type": "application/rss+xml; charset=utf-8", "Cache-Control": "max-age=0"}
        return web.Response(body=body, headers=headers)

    def publish(self, feed: str, entries: Sequence[Published]) -> None:
        """Add entries to a feed."""
        self._loop.call_soon_threadsafe(self._entries[feed].extend, entries)

    def keep(self, entries: int) -> None:
        """Let every feed show only its newest entries, as feeds do."""

        def cut() -> None:
            for feed in self._entries.values():
                del feed[: max(0, len(feed) - entries)]

        self._loop.call_soon_threadsafe(cut)

    def stop(self) -> None:
        """Stop both servers and the thread."""

        async def stop() -> None:
            await self.receiver.__aexit__(None, None, None)
            if self._runner is not None:
                await self._runner.cleanup()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def _rss(feed: str, url: str, entries: Sequence[Published]) -> bytes:
    items = "".join(
        f"<item><guid isPermaLink='false'>{escape(each.id)}</guid><title>{escape(each.title)}</title>"
        f"<link>{url}/{feed}/{escape(each.id)}</link><description>{escape(each.text)}</description>"
        f"<pubDate>{each.published_at}</pubDate></item>"
        for each in entries
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>{feed}</title>{items}</channel></rss>".encode()


class Node:
    """`wirewatch run` as a process, with its store, feeds and receiver on loopback."""

    def __init__(self, folder: Path, config: Path, desk_port: int) -> None:
        self.data_dir = folder / "data"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._config = config
        self._desk_port = desk_port
        self._log = folder / "run.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.client: redis.Redis = connect(EmbeddedStore(self.data_dir).url)

    def start(self) -> None:
        """Start the node."""
        command = [sys.executable, "-m", "pipelines.cli", "run", "--config", str(self._config)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data-dir", str(self.data_dir)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONWARNINGS": "default"},
            )

    def pids(self) -> dict[str, int]:
        """Process ids of the node's living parts, the store among them."""
        import psutil

        assert self.process is not None
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                words = child.cmdline()
                if "pipelines.cli" in words and child.status() != psutil.STATUS_ZOMBIE:
                    found[words[words.index("pipelines.cli") + 1]] = child.pid
                elif child.name().endswith("-server"):  # its command line is a title that it wrote itself
                    found["store"] = child.pid
        return found

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._desk_port}/readyz", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except (OSError, ValueError):
            return 0, {}

    def until(self, what: str, is_so: Callable[[], bool], seconds: float) -> None:
        """Wait for something to be so. Errors: AssertionError with the end of the node's log."""
        until = time.monotonic() + seconds
        while True:
            assert self.process is not None
            with contextlib.suppress(redis.RedisError):
                if is_so():
                    return
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError(f"{what} was not so within {seconds:.0f} s; {self._figures()}\n{self.log_tail()}")
            time.sleep(0.05)

    def ask(self, question: Callable[[], T]) -> T:
        """Ask the store something, waiting for it where it was just killed."""
        answers: list[T] = []

        def is_answered() -> bool:
            answers.append(question())
            return True

        self.until("the store answered", is_answered, 60)
        return answers[0]

    def _figures(self) -> str:
        try:
            return f"appended {self.appended()}, items {self.outcomes('items')}, stories {self.outcomes('stories')}"
        except redis.RedisError as error:
            return f"the store does not answer: {error}"

    def log_tail(self, lines: int = 40) -> str:
        """End of the node's log without its polls."""
        kept = [line for line in self._log.read_text(errors="replace").splitlines() if "feed_polled" not in line]
        return "\n".join(kept[-lines:])

    def outcomes(self, pipeline: str) -> dict[str, int]:
        """Exact outcomes of a pipeline."""
        raw = cast("dict[bytes, bytes]", self.client.hgetall(names.outcomes(pipeline)))
        return {name.decode(): int(count) for name, count in raw.items()}

    def appended(self) -> int:
        """Entries that the poller ever appended."""
        total = 0
        for stream in names.entries_streams():
            with contextlib.suppress(redis.ResponseError):
                about: Any = self.client.xinfo_stream(stream)
                total += int(about["entries-added"])
        return total

    def raised(self) -> list[Alert]:
        """Every revision of every alert, as its history has it."""
        alerts = []
        for raw in cast("list[bytes]", self.client.zrange(names.ALERTS, 0, -1)):
            history = cast("list[bytes]", self.client.lrange(names.history(raw.decode()), 0, -1))
            alerts += [decode(Alert, each) for each in history]
        return alerts

    def is_settled(self, entries: int) -> bool:
        """Say whether so many entries went through both pipelines."""
        items, stories = self.outcomes("items"), self.outcomes("stories")
        passed = items.get("kept", 0) + items.get("updated", 0)
        return items.get("read") == entries and stories.get("read", 0) == passed

    def cursor(self, stream: str) -> Cursor:
        """Committed cursor of a stream."""
        return Cursor.parse(cast("bytes | None", self.client.get(names.cursor(stream))))

    def stop(self) -> int:
        """Stop the node; its exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.client.close()


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
