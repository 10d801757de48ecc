"""The demo's webhook receiver: what is rightly signed is remembered, everything else refused."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import aiohttp

from connectors.records import Alert, AlertState
from connectors.sinks.payload import webhook_body
from connectors.sinks.signature import read_keys, sign
from pipelines.demo.receiver import WebhookReceiver, new_secret

_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_ALERT = Alert(
    alert_id="a1",
    revision=1,
    rule="russia-iran-contacts",
    severity="high",
    state=AlertState.SINGLE_SOURCE,
    flags=(),
    story_id="s1",
    title="پاتروشف به دعوت شمخانی وارد تهران شد",
    line="",
    url="",
    interests=("state:IR",),
    independent=0,
    reports=(),
    report_count=1,
    evidence=(),
    evidence_title="",
    evidence_text="",
    countries=("RU", "IR"),
    routes=(),
    raised_at=_AT,
    caused_fetched_at=_AT,
    caused_published_at=None,
)


async def _post(receiver: WebhookReceiver, secret: str, body: bytes, at: datetime) -> int:
    headers = sign(read_keys(secret), _ALERT.key, at, body)
    async with (
        aiohttp.ClientSession() as session,
        session.post(receiver.url, data=body, headers=headers) as response,
    ):
        return response.status


def test_a_signed_webhook_is_remembered_and_others_are_refused() -> None:
    secret, heard = new_secret(), []
    body = webhook_body(_ALERT)

    async def run() -> None:
        receiver = WebhookReceiver(secret, heard.append)
        await receiver.start()
        try:
            now = datetime.now(UTC)
            assert await _post(receiver, secret, body, now) == 204
            assert await _post(receiver, new_secret(), body, now) == 401
            assert await _post(receiver, secret, body, now - timedelta(hours=1)) == 401
            assert await _post(receiver, secret, b'{"data": {}}', now) == 400
            assert [(each.webhook_id, each.alert) for each in receiver.deliveries] == [(_ALERT.key, _ALERT)]
            assert receiver.refused == 3
            assert heard == receiver.deliveries
        finally:
            await receiver.stop()

    asyncio.run(run())


def test_quiet_waits_until_nothing_comes_any_more() -> None:
    secret = new_secret()

    async def run() -> None:
        receiver = WebhookReceiver(secret)
        await receiver.start()
        try:
            waiting = asyncio.create_task(receiver.quiet(0.5))
            for revision in (1, 2):
                alert = dataclasses.replace(_ALERT, revision=revision)
                await _post(receiver, secret, webhook_body(alert), datetime.now(UTC))
            await asyncio.wait_for(waiting, 30)
            assert len(receiver.deliveries) == 2
        finally:
            await receiver.stop()

    asyncio.run(run())
