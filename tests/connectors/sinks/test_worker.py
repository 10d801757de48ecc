"""What becomes of one alert at one sink: tried again, refused, disabled, updated in place."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from connectors.codec import encode
from connectors.log import names
from connectors.log.connect import connect_async
from connectors.sinks.health import SinkState, enable_sink, sink_health
from connectors.sinks.settings import SinkKind, SinkSettings
from connectors.sinks.webhook import WebhookSink
from connectors.testing import Delivery, FakeClock, WebhookReceiver


def sampled(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_failures_are_tried_again_with_the_same_id_and_a_fresh_signature(kit: Any) -> None:
    def answer(delivery: Delivery) -> tuple[int, dict[str, str]]:
        return (503 if len(receiver.deliveries) < 3 else 200), {}

    receiver = WebhookReceiver(kit.secret, answer=answer)

    async def run() -> None:
        async with receiver, kit.delivering(kit.settings(kit.webhook("desk", receiver.url))):
            kit.put(kit.alert())
            await kit.until(lambda: kit.outcomes("desk").get("delivered") == 1)

    with capture_logs() as logs:
        asyncio.run(run())
    assert receiver.keys == ["a1.1"] * 3
    assert all(delivery.is_signed for delivery in receiver.deliveries)
    assert kit.outcomes("desk") == {"queued": 1, "failed": 2, "delivered": 1}
    (line,) = [each for each in logs if each["event"] == "alert_sent"]
    assert (line["log_level"], line["sink"], line["failed_tries"]) == ("info", "desk", 2)


def test_a_spent_table_ends_in_a_dead_letter_that_says_why(kit: Any) -> None:
    receiver = WebhookReceiver(kit.secret, answer=lambda delivery: (500, {}))

    async def run() -> None:
        async with receiver, kit.delivering(kit.settings(kit.webhook("desk", receiver.url))):
            kit.put(kit.alert())
            await kit.until(lambda: kit.waiting("desk") == 0 and kit.client.xlen(names.DEAD) == 1)

    asyncio.run(run())
    assert receiver.keys == ["a1.1"] * 4
    (letter,) = kit.letters()
    assert (letter.stage, letter.reason) == ("deliver:desk", "tries_spent")
    assert letter.detail == "last: http_5xx: answered 500"
    assert not kit.client.exists(names.retries("desk"))
    assert kit.outcomes("desk") == {"queued": 1, "failed": 3, "dead:tries_spent": 1}


def test_a_refusal_is_a_dead_letter_at_once_and_the_next_alert_goes_on(kit: Any) -> None:
    receiver = WebhookReceiver(kit.secret, answer=lambda delivery: (422 if delivery.key == "a1.1" else 200, {}))

    async def run() -> None:
        async with receiver, kit.delivering(kit.settings(kit.webhook("desk", receiver.url))):
            kit.put(kit.alert("a1"), kit.alert("a2"))
            await kit.until(lambda: kit.waiting("desk") == 0 and len(receiver.keys) == 2)

    asyncio.run(run())
    (letter,) = kit.letters()
    assert (letter.reason, letter.detail) == ("http_4xx", "answered 422")


def test_revisions_of_one_alert_arrive_in_order_although_one_has_to_wait(kit: Any) -> None:
    failed: set[str] = set()

    def answer(delivery: Delivery) -> tuple[int, dict[str, str]]:
        is_first = delivery.key not in failed
        failed.add(delivery.key)
        return (500 if is_first and delivery.key in ("a1.1", "a1.3") else 200), {}

    receiver = WebhookReceiver(kit.secret, answer=answer)

    async def run() -> None:
        async with receiver, kit.delivering(kit.settings(kit.webhook("desk", receiver.url, parallel=8))):
            kit.put(*(kit.alert("a1", revision) for revision in range(1, 6)), kit.alert("b1"))
            await kit.until(lambda: kit.outcomes("desk").get("delivered") == 6)

    asyncio.run(run())
    assert [key for key in receiver.keys if key != "b1.1"] == ["a1.1", "a1.1", "a1.2", "a1.3", "a1.3", "a1.4", "a1.5"]
    assert receiver.keys.index("b1.1") <= 1


def test_revisions_that_waited_in_the_queue_keep_their_order_too(kit: Any) -> None:
    answers = [500, 500]
    receiver = WebhookReceiver(kit.secret, answer=lambda delivery: (answers.pop() if answers else 200, {}))

    async def run() -> None:
        for revision in range(1, 5):
            kit.client.xadd(names.queue("desk"), {names.FIELD: encode(kit.alert("a1", revision))})
        async with receiver, kit.delivering(kit.settings(kit.webhook("desk", receiver.url))):
            await kit.until(lambda: kit.outcomes("desk").get("delivered") == 4)

    asyncio.run(run())
    assert receiver.keys == ["a1.1", "a1.1", "a1.1", "a1.2", "a1.3", "a1.4"]


def test_retries_survive_a_restart_and_keep_their_time(kit: Any) -> None:
    clock, answers = FakeClock(), [500, 200]
    receiver = WebhookReceiver(kit.secret, answer=lambda delivery: (answers.pop(0), {}), clock=clock)

    async def run() -> None:
        async with receiver:
            settings = kit.settings(kit.webhook("desk", receiver.url), retry=(timedelta(0), timedelta(hours=5)))
            async with kit.delivering(settings, clock=clock):
                kit.put(kit.alert())
                await kit.until(lambda: bool(kit.client.hlen(names.retries("desk"))))
            async with kit.delivering(settings, clock=clock):
                kit.put(kit.alert("b1", routes=("gone",)))
                await kit.until(lambda: kit.client.xlen(names.DEAD) == 1)
                assert receiver.keys == ["a1.1"]
                clock.advance(timedelta(hours=6))
                await kit.until(lambda: kit.outcomes("desk").get("delivered") == 1)

    asyncio.run(run())
    assert receiver.keys == ["a1.1", "a1.1"]


def test_retry_after_holds_the_whole_sink_back_and_costs_no_try(kit: Any) -> None:
    clock, seen = FakeClock(), []

    def answer(delivery: Delivery) -> tuple[int, dict[str, str]]:
        seen.append((delivery.key, clock.now))
        return (429, {"Retry-After": "3600"}) if len(seen) == 1 else (200, {})

    async def run() -> None:
        async with WebhookReceiver(kit.secret, answer=answer, clock=clock) as receiver:
            settings = kit.settings(
                kit.webhook("desk", receiver.url, parallel=1), retry=(timedelta(0), timedelta(hours=1))
            )
            async with kit.delivering(settings, clock=clock):
                kit.put(kit.alert("a1"), kit.alert("a2"))
                await kit.until(lambda: bool(kit.client.hlen(names.retries("desk"))))
                clock.advance(timedelta(minutes=30))
                kit.put(kit.alert("b1", routes=("gone",)))
                await kit.until(lambda: kit.client.xlen(names.DEAD) == 1)
                assert [key for key, _ in seen] == ["a1.1"]
                clock.advance(timedelta(minutes=40))
                await kit.until(lambda: kit.outcomes("desk").get("delivered") == 2)

    asyncio.run(run())
    assert sorted(key for key, _ in seen) == ["a1.1", "a1.1", "a2.1"]


def test_410_disables_the_sink_says_so_and_its_alerts_wait_until_it_is_enabled(kit: Any) -> None:
    receiver = WebhookReceiver(kit.secret, answer=lambda delivery: (status[0], {}))
    status = [410]
    before = sampled("wirewatch_sinks_disabled_total", sink="desk410")

    async def run() -> None:
        client = connect_async(kit.url)
        async with receiver:
            settings = kit.settings(kit.webhook("desk410", receiver.url, parallel=1))
            async with kit.delivering(settings):
                kit.put(kit.alert("a1"))
                await kit.until(lambda: bool(kit.client.hexists(names.sink("desk410"), "disabled_at")))
                kit.put(*(kit.alert(f"b{number}") for number in range(5)))
                await kit.until(lambda: kit.waiting("desk410") == 6)
            # A restart does not forget it.
            async with kit.delivering(settings):
                kit.put(kit.alert("c1"))
                await kit.until(lambda: kit.waiting("desk410") == 7)
                (health,) = await sink_health(client, settings)
                assert (health.state, health.waiting, health.reason) == (SinkState.DISABLED, 7, "gone")
                assert receiver.keys == ["a1.1"]
                status[0] = 200
                assert await enable_sink(client, "desk410")
                await kit.until(lambda: kit.waiting("desk410") == 0)
                (health,) = await sink_health(client, settings)
                assert (health.state, health.disabled_at) == (SinkState.OK, None)
            assert not await enable_sink(client, "desk410")
        await client.aclose()

    with capture_logs() as logs:
        asyncio.run(run())
    assert sorted(receiver.keys) == ["a1.1", "a1.1", "b0.1", "b1.1", "b2.1", "b3.1", "b4.1", "c1.1"]
    (line,) = [each for each in logs if each["event"] == "sink_disabled"]
    assert line["log_level"] == "error"
    assert "wirewatch sinks enable desk410" in line["hint"]
    assert [each["event"] for each in logs].count("sink_enabled") == 1
    assert sampled("wirewatch_sinks_disabled_total", sink="desk410") == before + 1
    assert not kit.letters()


def test_what_a_service_gives_for_an_update_in_place_is_kept_over_a_restart(kit: Any) -> None:
    def answer(request: Any) -> web.Response:
        return web.json_response({"ok": True, "result": {"message_id": 41}})

    async def run() -> Any:
        async with kit.service(answer) as service:
            chat = SinkSettings(name="chat", kind=SinkKind.TELEGRAM, url=service.url, token="t0k3n", to="-1")
            for revision in (1, 2):
                async with kit.delivering(kit.settings(chat)):
                    kit.put(kit.alert("a1", revision))
                    await kit.until(lambda: kit.outcomes("chat").get("delivered") == revision)  # noqa: B023
            return [(request.path, request.body.get("message_id")) for request in service.requests]

    assert asyncio.run(run()) == [("/bott0k3n/sendMessage", None), ("/bott0k3n/editMessageText", 41)]
    assert 0 < kit.client.ttl(names.reference("chat", "a1")) <= 30 * 86400


def test_a_sink_that_raises_is_tried_again_and_ends_nothing(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    send, calls = WebhookSink.send, []

    async def broken(self: WebhookSink, alert: Any, reference: str) -> Any:
        calls.append(alert.key)
        if len(calls) == 1:
            raise ValueError(f"cannot handle {kit.secret}")
        return await send(self, alert, reference)

    monkeypatch.setattr(WebhookSink, "send", broken)

    async def run() -> None:
        async with (
            WebhookReceiver(kit.secret) as receiver,
            kit.delivering(kit.settings(kit.webhook("desk", receiver.url))),
        ):
            kit.put(kit.alert())
            await kit.until(lambda: len(receiver.keys) == 1)

    with capture_logs() as logs:
        asyncio.run(run())
    assert calls == ["a1.1", "a1.1"]
    assert kit.secret not in str(logs)
