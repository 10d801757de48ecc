"""The poller killed at random points: each entry is in the log once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import redis
from aiohttp import web

from connectors.codec import decode
from connectors.http.testing import LocalServer
from connectors.log import names
from connectors.records import Entry

PROCESS = Path(__file__).with_name("poller_process.py")
FEEDS = 12
PATIENCE_SECONDS = 60.0


def _appended(client: redis.Redis) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for stream in names.entries_streams():
        records: Any = client.xrange(stream)
        for _, fields in records:
            entry = decode(Entry, fields[names.FIELD])
            found[entry.feed_id, entry.entry_id] += 1
    return found


@pytest.mark.kills
def test_killed_poller_loses_and_doubles_nothing(redis_url: str, client: redis.Redis) -> None:
    # A third: starting the process is most of the time, and the other processes have their share.
    kills = max(3, int(os.environ.get("WIREWATCH_KILLS", "10")) // 3)
    dice = random.Random(8)
    published = [0] * FEEDS

    async def answer(request: web.Request) -> web.Response:
        number = int(request.path.strip("/"))
        # Something new each time somebody looks: every moment is a bad one to die.
        published[number] += 1
        newest = published[number]
        return web.Response(body=json.dumps([f"{number}.{place}" for place in range(newest, 0, -1)]))

    async def run() -> None:
        async with LocalServer() as server:
            for number in range(FEEDS):
                server.script(f"/{number}", answer)
            for turn in range(kills + 1):
                before = client.info("commandstats").get("cmdstat_exec", {"calls": 0})["calls"]
                process = subprocess.Popen(  # noqa: ASYNC220 (the loop has nothing else to do)
                    [sys.executable, str(PROCESS), redis_url, server.url("/")], stdout=subprocess.DEVNULL
                )
                try:
                    until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
                    while client.info("commandstats").get("cmdstat_exec", {"calls": 0})["calls"] < before + 3 * FEEDS:
                        assert process.poll() is None, "the poller ended by itself"
                        assert asyncio.get_running_loop().time() < until, "the poller polls nothing"
                        await asyncio.sleep(0.01)
                    await asyncio.sleep(dice.uniform(0, 0.2))
                    if turn < kills:
                        continue
                    asked = sum(map(len, server.requests.values()))
                    while sum(map(len, server.requests.values())) < asked + 2 * FEEDS:
                        assert asyncio.get_running_loop().time() < until, "the poller polls no more"
                        await asyncio.sleep(0.01)
                finally:
                    process.kill()
                    process.wait()

    asyncio.run(run())
    found = _appended(client)
    assert max(found.values()) == 1
    # What a poll of the last process fetched and did not commit may be missing at the end, nothing before.
    for number in range(FEEDS):
        numbers = sorted(int(key.partition(".")[2]) for feed, key in found if feed == f"f{number}")
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= published[number] - 1
