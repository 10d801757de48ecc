"""A hostile document costs its own worker, and a pool leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from connectors.feeds import worker
from connectors.feeds.faults import ParseFault
from connectors.feeds.parse import parse_feed
from connectors.feeds.parsed import ParsedFeed
from connectors.feeds.pool import ParsePool

_ROOT = Path(__file__).resolve().parents[3]
_FEED = b"""<rss version="2.0"><channel><title>T</title><item><title>Headline</title><link>/a</link>
<pubDate>Tue, 24 Nov 2026 04:30:00 +0300</pubDate>
<description>&lt;b&gt;x&lt;/b&gt;</description></item></channel></rss>"""
_BASE = "https://news.example/f"
# Seconds of work for the extractor: it compares each attribute of an element with all others.
_SLOW = (
    b"<rss><channel><item "
    + b" ".join(b'a%d="x"' % n for n in range(150_000))
    + b"><title>x</title></item></channel></rss>"
)
_PSS_CAP_BYTES = 60 * 1024 * 1024


async def _parse(pool: ParsePool, body: bytes = _FEED) -> ParsedFeed:
    return await pool.parse(body, base_url=_BASE)


async def _until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not claim():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def _gone(pid: int) -> None:
    await _until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_a_worker_gives_what_the_parser_gives() -> None:
    async def scenario() -> None:
        async with ParsePool(workers=1) as pool:
            assert await _parse(pool) == parse_feed(_FEED, base_url=_BASE)
            broken = _FEED + b"<"
            assert (await _parse(pool, broken)).faults == parse_feed(broken, base_url=_BASE).faults
            assert len(pool.pids()) == 1

    asyncio.run(scenario())


def test_a_slow_document_times_out_and_the_others_are_parsed() -> None:
    async def scenario() -> None:
        async with ParsePool(workers=2, timeout_seconds=1.0) as pool:
            await asyncio.gather(_parse(pool), _parse(pool))
            before = set(pool.pids())
            slow, *others = await asyncio.gather(_parse(pool, _SLOW), *(_parse(pool) for _ in range(10)))
            assert slow == ParsedFeed(faults=(ParseFault.TIMED_OUT,))
            assert all(other.entries for other in others)
            assert len(before - set(pool.pids())) == 1
            assert (await _parse(pool)).entries

    asyncio.run(scenario())


def test_a_killed_worker_costs_the_document_in_hand_and_is_replaced() -> None:
    async def scenario() -> None:
        async with ParsePool(workers=1, timeout_seconds=30.0) as pool:
            await _parse(pool)
            (pid,) = pool.pids()
            task = asyncio.create_task(_parse(pool, _SLOW))
            await _until(lambda: psutil.Process(pid).cpu_times().user > 0.5)
            os.kill(pid, signal.SIGSEGV)
            assert await task == ParsedFeed(faults=(ParseFault.WORKER_DIED,))
            assert (await _parse(pool)).entries
            assert pool.pids() != [pid]

    asyncio.run(scenario())


def test_a_worker_killed_while_idle_is_replaced_unseen() -> None:
    async def scenario() -> None:
        async with ParsePool(workers=1) as pool:
            await _parse(pool)
            (pid,) = pool.pids()
            os.kill(pid, signal.SIGKILL)
            await _gone(pid)
            await _until(lambda: not pool.pids())
            assert (await _parse(pool)).entries

    asyncio.run(scenario())


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
def test_a_document_beyond_the_memory_limit_ends_its_worker_only() -> None:
    async def scenario() -> None:
        async with ParsePool(workers=1, memory_bytes=72 * 1024 * 1024) as pool:
            big = _FEED.replace(b"&lt;b", b"&lt;p&gt;word " * 1_000_000 + b"&lt;b")
            assert len(big) < 16 * 1024 * 1024
            assert (await _parse(pool, big)).faults == (ParseFault.WORKER_DIED,)
            assert (await _parse(pool)).entries

    asyncio.run(scenario())


def test_a_body_above_the_cap_reaches_no_worker() -> None:
    async def scenario() -> None:
        async with ParsePool(max_body_bytes=1000) as pool:
            assert (await _parse(pool, b"x" * 1001)).faults == (ParseFault.TOO_LARGE,)
            assert pool.pids() == []

    asyncio.run(scenario())


def test_cancelling_ends_the_worker_and_the_pool_goes_on() -> None:
    async def scenario() -> None:
        async with ParsePool(workers=1) as pool:
            await _parse(pool)
            (pid,) = pool.pids()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_parse(pool, _SLOW), 0.3)
            await _gone(pid)
            assert (await _parse(pool)).entries

    asyncio.run(scenario())


def test_closing_ends_every_worker() -> None:
    async def scenario() -> None:
        pool = ParsePool(workers=2)
        await asyncio.gather(_parse(pool), _parse(pool))
        pids = pool.pids()
        await pool.close()
        for pid in pids:
            await _gone(pid)
        with pytest.raises(RuntimeError, match="closed"):
            await _parse(pool)

    asyncio.run(scenario())


def test_workers_die_with_a_parent_that_was_killed() -> None:
    script = (
        "import asyncio\nfrom connectors.feeds.pool import ParsePool\n"
        "async def main():\n"
        "    pool = ParsePool(workers=1)\n"
        "    await pool.parse(b'<rss><channel><item><title>x</title></item></channel></rss>', base_url='')\n"
        "    print(*pool.pids(), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=_ROOT) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    asyncio.run(_gone(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="proportional memory is told by Linux only")
def test_a_worker_is_small_and_idle_when_nothing_is_asked() -> None:
    async def scenario() -> None:
        async with ParsePool(workers=1) as pool:
            for _ in range(20):
                await _parse(pool)
            process = psutil.Process(pool.pids()[0])
            assert process.memory_full_info().pss < _PSS_CAP_BYTES
            before = process.cpu_times()
            await asyncio.sleep(0.5)
            after = process.cpu_times()
            assert (after.user, after.system) == (before.user, before.system)

    asyncio.run(scenario())


def test_a_worker_imports_neither_beam_nor_a_store_nor_an_http_client() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys, {worker.__name__}\nprint(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
        cwd=_ROOT,
    ).stdout.split()
    assert "connectors.feeds.parse" in loaded
    assert not {"apache_beam", "redis", "aiohttp", "numpy", "feedparser", "charset_normalizer", "yaml"} & set(loaded)
