"""Replies that never come: what was applied must not be applied twice, what was not must not be lost."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.log import names
from connectors.testing import WebhookReceiver


@asynccontextmanager
async def swallowing(url: str, socket: Path, words: bytes, lost: list[int]) -> AsyncIterator[str]:
    """A way to Redis that passes requests holding ``words`` on and breaks off instead of answering.

    It does so for as many of them as ``lost`` says, one after another.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(url.removeprefix("unix://"))
        silent = asyncio.Event()

        async def back() -> None:
            while piece := await there_reader.read(65536):
                if silent.is_set():
                    break
                writer.write(piece)
            writer.close()

        answering = asyncio.create_task(back())
        try:
            while piece := await reader.read(65536):
                if words in piece and lost[0] > 0:
                    lost[0] -= 1
                    silent.set()
                there_writer.write(piece)
        finally:
            there_writer.close()
            answering.cancel()
            writer.close()

    server = await asyncio.start_unix_server(serve, socket)
    async with server:
        yield f"unix://{socket}"


@pytest.mark.parametrize(
    ("words", "lost", "repeats"),
    [
        (b"EXEC", 3, 0),
        # The outcome was stored: asking again finds it settled, so the alert is not sent again.
        (b"XDEL", 3, 0),
        (b"PEXPIRE", 2, 0),
        (b"XREAD", 2, 0),
    ],
)
def test_lost_replies_lose_and_double_nothing(kit: Any, tmp_path: Path, words: bytes, lost: int, repeats: int) -> None:
    left = [lost]

    async def run() -> None:
        async with (
            WebhookReceiver(kit.secret) as receiver,
            swallowing(kit.url, tmp_path / "s", words, left) as url,
        ):
            kit_there = type(kit)(url, kit.client)
            async with kit_there.delivering(kit.settings(kit.webhook("desk", receiver.url))):
                for batch in range(10):
                    kit.put(*(kit.alert(f"a{batch}x{number}") for number in range(3)))
                    await kit.until(lambda: kit.outcomes("desk").get("delivered", 0) == 3 * batch + 3)  # noqa: B023
            assert len(set(receiver.keys)) == 30
            assert len(receiver.keys) == 30 + repeats

    asyncio.run(run())
    assert left == [0]
    assert kit.outcomes("desk") == {"queued": 30, "delivered": 30}
    assert kit.client.xlen(names.OUTBOX) == 30


def test_redis_away_is_waited_for(kit: Any, tmp_path: Path) -> None:
    async def run() -> None:
        socket = tmp_path / "s"
        async with WebhookReceiver(kit.secret) as receiver:
            kit_there = type(kit)(f"unix://{socket}", kit.client)
            async with kit_there.delivering(kit.settings(kit.webhook("desk", receiver.url))):
                kit.put(kit.alert("a1"))
                await kit.until(lambda: {line.get("part") for line in logs} >= {"router", "desk"})
                async with swallowing(kit.url, socket, b"-", [0]):
                    await kit.until(lambda: receiver.keys == ["a1.1"])

    with capture_logs() as logs:
        asyncio.run(run())
    # One line an outage and part, however often it was asked.
    assert [line["part"] for line in logs if line["event"] == "store_away"].count("desk") == 1
    assert kit.outcomes("desk") == {"queued": 1, "delivered": 1}


@pytest.mark.parametrize("is_hung", [False, True])
def test_it_stops_in_time_although_redis_is_away(kit: Any, tmp_path: Path, is_hung: bool) -> None:
    async def run() -> float:
        async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.append(writer)
            while await reader.read(65536):
                pass
            writer.close()

        accepted: list[asyncio.StreamWriter] = []
        socket = tmp_path / "s"
        async with WebhookReceiver(kit.secret) as receiver, contextlib.AsyncExitStack() as stack:
            if is_hung:
                await stack.enter_async_context(await asyncio.start_unix_server(say_nothing, socket))
            kit_there = type(kit)(f"unix://{socket}", kit.client)
            async with kit_there.delivering(kit.settings(kit.webhook("desk", receiver.url))):
                await kit.until(lambda: bool(accepted) or any(line["event"] == "store_away" for line in logs))
                began = time.monotonic()
            return time.monotonic() - began

    with capture_logs() as logs:
        assert asyncio.run(run()) < 5
