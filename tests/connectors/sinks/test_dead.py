"""Dead letters, listed and put back, whichever stage they died in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from connectors.codec import encode
from connectors.log import names
from connectors.log.connect import connect_async
from connectors.records import DeadLetter
from connectors.sinks.dead import list_dead, retry_dead
from connectors.testing import Delivery, WebhookReceiver

T = TypeVar("T")


def asked(kit: Any, ask: Callable[[Any], Awaitable[T]]) -> T:
    async def run() -> T:
        client = connect_async(kit.url)
        try:
            return await ask(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


def bury(kit: Any, stream: str, payload: str, stage: str = "items") -> str:
    letter = DeadLetter(stage, "failed", "it did not work", payload, stream, kit.at)
    return str(kit.client.xadd(names.DEAD, {names.FIELD: encode(letter)}).decode())


def test_the_newest_are_listed_first(kit: Any) -> None:
    ids = [bury(kit, "items", str(number)) for number in range(5)]
    found = asked(kit, lambda client: list_dead(client, 3))
    assert [(each.id, each.letter.payload) for each in found] == [(ids[4], "4"), (ids[3], "3"), (ids[2], "2")]


def test_letters_go_back_to_the_streams_they_came_from(kit: Any) -> None:
    payloads = {"entries:3": '{"a":"é"}', "items": "{", "outbox": "x", "queue:desk": "y"}
    for stream, payload in payloads.items():
        bury(kit, stream, payload)
    assert asked(kit, retry_dead) == 4
    for stream, payload in payloads.items():
        assert [fields for _, fields in kit.client.xrange(stream)] == [{names.FIELD: payload.encode()}]
    assert kit.client.xlen(names.DEAD) == 0


def test_only_the_asked_letters_go_back_and_only_once(kit: Any) -> None:
    first, second = bury(kit, "items", "1"), bury(kit, "items", "2")
    assert asked(kit, lambda client: retry_dead(client, [second, "1-1", "nonsense"])) == 1
    assert asked(kit, lambda client: retry_dead(client, [second])) == 0
    assert [fields[names.FIELD] for _, fields in kit.client.xrange("items")] == [b"2"]
    assert [each.id for each in asked(kit, list_dead)] == [first]


def test_many_letters_go_back_in_their_order(kit: Any) -> None:
    for number in range(1203):
        bury(kit, "items", str(number))
    assert asked(kit, retry_dead) == 1203
    assert [int(fields[names.FIELD]) for _, fields in kit.client.xrange("items")] == list(range(1203))


def test_a_letter_that_names_no_stream_of_ours_stays(kit: Any) -> None:
    for stream in ("cursor:items", "feeds", "queue:", "entries:x", "dead", "queue:a b", "items2"):
        bury(kit, stream, "x")
    kit.client.xadd(names.DEAD, {b"other": b"?"})
    assert asked(kit, retry_dead) == 0
    assert kit.client.xlen(names.DEAD) == 8
    assert kit.client.keys("*") == [b"dead"]


def test_a_dead_alert_goes_back_to_its_own_sink_only_with_its_old_key_and_new_tries(kit: Any) -> None:
    works = [False]

    def answer(delivery: Delivery) -> tuple[int, dict[str, str]]:
        return (200 if works[0] else 500), {}

    async def run() -> None:
        client = connect_async(kit.url)
        async with WebhookReceiver(kit.secret, answer=answer) as bad, WebhookReceiver(kit.secret) as good:
            async with kit.delivering(kit.settings(kit.webhook("bad", bad.url), kit.webhook("good", good.url))):
                kit.put(kit.alert())
                await kit.until(lambda: kit.client.xlen(names.DEAD) == 1)
                assert await retry_dead(client) == 1
                await kit.until(lambda: kit.outcomes("bad").get("dead:tries_spent") == 2)
                works[0] = True
                assert await retry_dead(client) == 1
                await kit.until(lambda: kit.outcomes("bad").get("delivered") == 1)
            assert bad.keys == ["a1.1"] * 9
            assert good.keys == ["a1.1"]
        await client.aclose()

    asyncio.run(run())
    assert kit.client.xlen(names.DEAD) == 0
