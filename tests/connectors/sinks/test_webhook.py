"""The webhook sink over real HTTP on loopback."""

import asyncio
import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from connectors.contract import Delivered, Disabled, FailReason, Outcome, Rejected, Retry
from connectors.testing import WebhookReceiver


def answered(kit: Any, status: int, headers: dict[str, str] | None = None) -> Outcome:
    async def run() -> Any:
        async with (
            WebhookReceiver(kit.secret, answer=lambda delivery: (status, headers or {})) as receiver,
            kit.opened(kit.webhook("desk", receiver.url)) as sink,
        ):
            return await sink.send(kit.alert(), "")

    outcome: Outcome = asyncio.run(run())
    return outcome


def test_a_delivery_is_signed_so_that_anybody_can_check_it(kit: Any) -> None:
    async def run() -> Any:
        async with (
            WebhookReceiver(kit.secret) as receiver,
            kit.opened(kit.webhook("desk", receiver.url)) as sink,
        ):
            assert await sink.send(kit.alert(revision=2), "") == Delivered()
            return receiver.deliveries[0]

    delivery = asyncio.run(run())
    key = base64.b64decode(kit.secret.removeprefix("whsec_"))
    signed = f"{delivery.headers['webhook-id']}.{delivery.headers['webhook-timestamp']}.".encode() + delivery.raw
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert delivery.headers["webhook-signature"] == f"v1,{expected}"
    assert delivery.key == "a1.2"
    assert delivery.headers["content-type"] == "application/json"
    assert delivery.body["data"]["line"] == kit.alert().line


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Delivered()),
        (202, Delivered()),
        (400, Rejected(FailReason.HTTP_4XX, "answered 400")),
        (401, Rejected(FailReason.HTTP_4XX, "answered 401")),
        (404, Rejected(FailReason.HTTP_4XX, "answered 404")),
        (408, Retry(FailReason.TIMEOUT, "answered 408")),
        (410, Disabled(FailReason.GONE, "answered 410")),
        (425, Retry(FailReason.SERVICE, "answered 425")),
        (429, Retry(FailReason.RATE_LIMITED, "answered 429")),
        (500, Retry(FailReason.HTTP_5XX, "answered 500")),
        (503, Retry(FailReason.HTTP_5XX, "answered 503")),
    ],
)
def test_the_status_decides(kit: Any, status: int, outcome: Outcome) -> None:
    assert answered(kit, status) == outcome


def test_retry_after_is_heard(kit: Any) -> None:
    outcome = answered(kit, 429, {"Retry-After": "17"})
    assert outcome == Retry(FailReason.RATE_LIMITED, "answered 429", timedelta(seconds=17))


def test_a_redirect_is_not_followed(kit: Any) -> None:
    async def run() -> Any:
        def answer(request: Any) -> web.Response:
            return web.Response(status=307, headers={"Location": "/elsewhere"})

        async with kit.service(answer) as service, kit.opened(kit.webhook("desk", service.url + "/hook")) as sink:
            outcome = await sink.send(kit.alert(), "")
            return outcome, [request.path for request in service.requests]

    outcome, paths = asyncio.run(run())
    assert outcome == Retry(FailReason.HTTP_3XX, "answered 307; redirects are not followed")
    assert paths == ["/hook"]


def test_a_private_address_is_refused_unless_it_is_allowed(kit: Any) -> None:
    async def run() -> Any:
        async with WebhookReceiver(kit.secret) as receiver:
            outcomes = []
            for url in (receiver.url, receiver.url.replace("127.0.0.1", "localhost")):
                async with kit.opened(kit.webhook("desk", url), allow=False) as sink:
                    outcomes.append(await sink.send(kit.alert(), ""))
            return outcomes, receiver.keys

    outcomes, keys = asyncio.run(run())
    assert [outcome.reason for outcome in outcomes] == [FailReason.ADDRESS_REFUSED] * 2
    assert all(isinstance(outcome, Retry) for outcome in outcomes)
    assert keys == []


def test_a_receiver_that_does_not_answer_is_given_up_in_time(kit: Any) -> None:
    async def run() -> Any:
        async def answer(request: Any) -> web.Response:
            await asyncio.sleep(30)
            return web.Response()

        settings = kit.webhook("desk", "", timeout=timedelta(seconds=1))
        async with kit.service(answer) as service:
            settings = kit.webhook("desk", service.url, timeout=timedelta(seconds=1))
            async with kit.opened(settings) as sink, asyncio.timeout(5):
                return await sink.send(kit.alert(), "")

    outcome = asyncio.run(run())
    assert isinstance(outcome, Retry)
    assert outcome.reason == FailReason.TIMEOUT


def test_nobody_listening_is_tried_again(kit: Any, unused_port: int) -> None:
    async def run() -> Any:
        async with kit.opened(kit.webhook("desk", f"http://127.0.0.1:{unused_port}/hook")) as sink:
            return await sink.send(kit.alert(), "")

    outcome = asyncio.run(run())
    assert isinstance(outcome, Retry)
    assert outcome.reason == FailReason.CONNECT
