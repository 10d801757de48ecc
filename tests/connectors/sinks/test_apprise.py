"""The Apprise sink, through the real library, to a local service."""

import asyncio
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from connectors.contract import Delivered, FailReason, Rejected, Retry
from connectors.sinks.settings import SinkKind, SinkSettings

# Its plug-ins import what a later Python drops.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def to(url: str, **changes: Any) -> SinkSettings:
    return SinkSettings(name="mail", kind=SinkKind.APPRISE, url=url, **changes)


def test_an_alert_arrives_with_title_and_text(kit: Any) -> None:
    async def run() -> Any:
        async with kit.service(lambda request: web.Response(status=200)) as service:
            async with kit.opened(to(service.url.replace("http", "json") + "/inbox")) as sink:
                outcome = await sink.send(kit.alert(), "")
            return outcome, service.requests

    outcome, (request,) = asyncio.run(run())
    assert outcome == Delivered()
    assert request.path.rstrip("/") == "/inbox"
    assert request.body["title"] == "[high] Patrushev lands in Tehran"
    assert "Only Nour News, tied to Iran's security council, says so." in request.body["message"]


def test_a_service_that_fails_is_tried_again_and_its_url_is_never_logged(
    kit: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async def run() -> Any:
        async with (
            kit.service(lambda request: web.Response(status=500)) as service,
            kit.opened(to(service.url.replace("http", "json") + "/s3cr3t")) as sink,
        ):
            return await sink.send(kit.alert(), "")

    with caplog.at_level(logging.DEBUG):
        outcome = asyncio.run(run())
    assert isinstance(outcome, Retry)
    assert outcome.reason == FailReason.SERVICE
    captured = capfd.readouterr()
    assert "s3cr3t" not in caplog.text + captured.out + captured.err + outcome.detail


def test_a_url_that_apprise_does_not_know_is_a_dead_letter(kit: Any) -> None:
    async def run() -> Any:
        async with kit.opened(to("pigeon://coop")) as sink:
            return await sink.send(kit.alert(), "")

    assert asyncio.run(run()) == Rejected(FailReason.SERVICE, "Apprise does not know this URL")


def test_calls_that_do_not_come_back_are_given_up_and_not_piled_up(kit: Any) -> None:
    async def run() -> Any:
        release = asyncio.Event()

        async def answer(request: Any) -> web.Response:
            await release.wait()
            return web.Response()

        async with kit.service(answer) as service:
            settings = to(service.url.replace("http", "json"), timeout=timedelta(seconds=1), parallel=1)
            async with kit.opened(settings) as sink:
                outcomes = [await sink.send(kit.alert(), "") for _ in range(2)]
                release.set()
            await kit.until(lambda: "apprise" not in {thread.name for thread in threading.enumerate()})
            return outcomes, len(service.requests)

    outcomes, requests = asyncio.run(run())
    assert [outcome.reason for outcome in outcomes] == [FailReason.TIMEOUT] * 2
    assert requests == 1
