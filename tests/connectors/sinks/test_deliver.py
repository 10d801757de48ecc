"""The deliver loop: real Redis, real HTTP on loopback."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from connectors.codec import decode
from connectors.log import names
from connectors.log.connect import connect_async
from connectors.records import Alert
from connectors.sinks.health import SinkState, queue_sizes, sink_health
from connectors.sinks.settings import SinkKind, SinkSettings
from connectors.testing import FakeClock, WebhookReceiver


def sampled(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_every_alert_reaches_every_sink_once_and_nothing_stays_behind(kit: Any) -> None:
    async def run() -> None:
        async with WebhookReceiver(kit.secret) as one, WebhookReceiver(kit.secret) as two:
            settings = kit.settings(kit.webhook("one", one.url), kit.webhook("two", two.url))
            async with kit.delivering(settings):
                kit.put(*(kit.alert(f"a{number}") for number in range(50)))
                await kit.until(lambda: kit.waiting("one") + kit.waiting("two") == 0 and len(two.keys) == 50)
            expected = sorted(f"a{number}.1" for number in range(50))
            assert sorted(one.keys) == sorted(two.keys) == expected
            assert all(delivery.is_signed for delivery in one.deliveries)

    asyncio.run(run())
    for sink in ("one", "two"):
        assert kit.outcomes(sink) == {"queued": 50, "delivered": 50}
    assert kit.client.get(names.cursor(names.OUTBOX)).split()[1:] != [b"0", b"0"]
    assert not kit.client.exists(names.retries("one"), names.DEAD)


def test_routes_choose_the_sinks(kit: Any) -> None:
    async def run() -> None:
        async with WebhookReceiver(kit.secret) as one, WebhookReceiver(kit.secret) as two:
            settings = kit.settings(kit.webhook("one", one.url), kit.webhook("two", two.url))
            async with kit.delivering(settings):
                kit.put(kit.alert("a1", routes=("two",)), kit.alert("a2"))
                await kit.until(lambda: len(one.keys) == 1 and len(two.keys) == 2)
            assert one.keys == ["a2.1"]
            assert sorted(two.keys) == ["a1.1", "a2.1"]

    asyncio.run(run())


def test_a_route_to_a_sink_that_is_not_set_up_is_a_dead_letter_of_that_sink(kit: Any) -> None:
    async def run() -> None:
        async with (
            WebhookReceiver(kit.secret) as one,
            kit.delivering(kit.settings(kit.webhook("one", one.url))),
        ):
            kit.put(kit.alert("a1", routes=("one", "gone")))
            await kit.until(lambda: len(one.keys) == 1)

    asyncio.run(run())
    (letter,) = kit.letters()
    assert (letter.stage, letter.reason, letter.stream) == ("deliver:gone", "unknown_sink", "queue:gone")


def test_what_is_no_alert_is_a_dead_letter_and_the_outbox_goes_on(kit: Any) -> None:
    async def run() -> None:
        async with (
            WebhookReceiver(kit.secret) as one,
            kit.delivering(kit.settings(kit.webhook("one", one.url))),
        ):
            kit.client.xadd(names.OUTBOX, {names.FIELD: b"\xff{"})
            kit.client.xadd(names.OUTBOX, {b"other": b"x"})
            kit.client.xadd(names.queue("one"), {names.FIELD: b'{"alert_id":"a9"}'})
            kit.put(kit.alert("a1"))
            await kit.until(lambda: len(one.keys) == 1 and kit.waiting("one") == 0)

    asyncio.run(run())
    assert sorted((letter.stage, letter.reason, letter.stream) for letter in kit.letters()) == [
        ("deliver", "unreadable", "outbox"),
        ("deliver", "unreadable", "outbox"),
        ("deliver:one", "unreadable", "queue:one"),
    ]


def test_a_dead_sink_delays_no_other(kit: Any) -> None:
    async def run() -> None:
        async def never(request: Any) -> web.Response:
            await asyncio.sleep(60)
            return web.Response()

        async with kit.service(never) as dead, WebhookReceiver(kit.secret) as alive:
            settings = kit.settings(
                kit.webhook("dead", dead.url, timeout=timedelta(seconds=20), parallel=1),
                kit.webhook("alive", alive.url),
            )
            async with kit.delivering(settings):
                kit.put(*(kit.alert(f"a{number}") for number in range(100)))
                await kit.until(lambda: len(alive.keys) == 100)
                assert kit.waiting("dead") == 100
                assert len(dead.requests) == 1

    asyncio.run(run())


def test_of_more_alerts_than_may_wait_the_oldest_become_dead_letters(kit: Any) -> None:
    async def run() -> None:
        async with WebhookReceiver(kit.secret) as receiver:
            kit.client.hset(names.sink("desk"), "disabled_at", kit.at.isoformat())
            async with kit.delivering(kit.settings(kit.webhook("desk", receiver.url), queue_limit=3)):
                kit.put(*(kit.alert(f"a{number}") for number in range(8)))
                await kit.until(lambda: kit.client.xlen(names.DEAD) == 5)
                assert kit.waiting("desk") == 3

    asyncio.run(run())
    assert [(letter.reason, decode(Alert, letter.payload).alert_id) for letter in kit.letters()] == [
        ("queue_full", f"a{number}") for number in range(5)
    ]


def test_no_secret_reaches_the_log_or_redis_even_if_a_service_repeats_it(kit: Any, unused_port: int) -> None:
    dead_url = f"http://user:hunter22@127.0.0.1:{unused_port}/T0KEN/x?key=s3cr3t"

    def repeat(request: Any) -> web.Response:
        return web.json_response({"ok": False, "description": f"nobody at {request.path}"}, status=403)

    async def run() -> None:
        async with kit.service(repeat) as service:
            chat = SinkSettings(name="chat", kind=SinkKind.TELEGRAM, url=service.url, token="t0k3n", to="-1")
            async with kit.delivering(kit.settings(kit.webhook("desk", dead_url), chat)):
                kit.put(kit.alert())
                await kit.until(lambda: kit.client.xlen(names.DEAD) == 2)

    with capture_logs() as logs:
        asyncio.run(run())
    assert {(letter.reason, letter.detail) for letter in kit.letters() if letter.stage == "deliver:chat"} == {
        ("http_4xx", "answered 403: nobody at /bot***/sendMessage")
    }
    shown = f"{logs} {kit.letters()} {[kit.client.hgetall(names.sink(name)) for name in ('desk', 'chat')]}"
    assert "tries_spent" in shown
    assert not [secret for secret in ("hunter22", "T0KEN", "s3cr3t", "t0k3n", kit.secret) if secret in shown]


def test_queue_sizes_and_health_tell_how_it_stands(kit: Any) -> None:
    async def run() -> None:
        client = connect_async(kit.url)
        kit.client.sadd(names.SINKS, "old")
        kit.client.xadd(names.queue("old"), {names.FIELD: b"{}"})
        async with WebhookReceiver(kit.secret, answer=lambda delivery: (500, {})) as bad:
            settings = kit.settings(
                kit.webhook("bad", bad.url),
                SinkSettings(name="out", kind=SinkKind.STREAM, path="/dev/null"),
                retry=(timedelta(0), timedelta(hours=1)),
            )
            with capture_logs() as logs:
                async with kit.delivering(settings):
                    kit.put(kit.alert())
                    await kit.until(lambda: kit.client.hlen(names.retries("bad")) == 1 and kit.waiting("out") == 0)
            assert [(line["sink"], line["waiting"]) for line in logs if line["event"] == "sink_orphaned"] == [
                ("old", 1)
            ]
            assert await queue_sizes(client, settings) == {"bad": 1, "out": 0}
            found = await sink_health(client, settings)
        await client.aclose()
        assert [(each.name, each.kind, each.state, each.waiting, each.retrying) for each in found] == [
            ("bad", "webhook", SinkState.FAILING, 1, 1),
            ("out", "stream", SinkState.OK, 0, 0),
            ("old", "", SinkState.ORPHANED, 1, 0),
        ]
        assert found[0].detail == "answered 500"
        assert found[1].outcomes == {"queued": 1, "delivered": 1}
        assert found[0].sent_at is None

    asyncio.run(run())


def test_latency_is_measured_from_the_fetch_that_caused_the_revision(kit: Any) -> None:
    clock = FakeClock(kit.at + timedelta(seconds=7))
    before = sampled("wirewatch_alert_delivery_seconds_sum", sink="desk")

    async def run() -> None:
        async with (
            WebhookReceiver(kit.secret, clock=clock) as receiver,
            kit.delivering(kit.settings(kit.webhook("desk", receiver.url)), clock=clock),
        ):
            kit.put(kit.alert())
            await kit.until(lambda: kit.outcomes("desk").get("delivered") == 1)

    asyncio.run(run())
    assert sampled("wirewatch_alert_delivery_seconds_sum", sink="desk") == pytest.approx(before + 7)


def test_it_stops_in_time_although_a_receiver_never_answers(kit: Any) -> None:
    async def run() -> float:
        async def never(request: Any) -> web.Response:
            await asyncio.sleep(60)
            return web.Response()

        async with kit.service(never) as dead:
            async with kit.delivering(kit.settings(kit.webhook("dead", dead.url))):
                kit.put(kit.alert())
                await kit.until(lambda: len(dead.requests) == 1)
                began = time.monotonic()
            return time.monotonic() - began

    assert asyncio.run(run()) < 5
    assert kit.waiting("dead") == 1
    assert not kit.client.exists(names.lease("deliver:dead"))


def test_two_processes_share_the_work_and_send_nothing_twice(kit: Any) -> None:
    async def run() -> None:
        async with WebhookReceiver(kit.secret) as one, WebhookReceiver(kit.secret) as two:
            settings = kit.settings(kit.webhook("one", one.url), kit.webhook("two", two.url))
            async with kit.delivering(settings) as first, kit.delivering(settings):
                kit.put(*(kit.alert(f"a{number}") for number in range(200)))
                await kit.until(lambda: len(one.keys) + len(two.keys) >= 100)
                first.set()
                kit.put(*(kit.alert(f"b{number}") for number in range(200)))
                await kit.until(lambda: kit.outcomes("one").get("delivered") == 400)
                await kit.until(lambda: kit.outcomes("two").get("delivered") == 400)
            for receiver in (one, two):
                assert len(receiver.keys) == len(set(receiver.keys)) == 400

    asyncio.run(run())
