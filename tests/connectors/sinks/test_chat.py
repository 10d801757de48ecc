"""Telegram, Slack and ntfy against local services that answer as the real ones document."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from connectors.contract import Delivered, FailReason, Outcome, Rejected, Retry
from connectors.sinks.settings import SinkKind, SinkSettings


def sent(kit: Any, kind: SinkKind, answer: Any, *references: str) -> tuple[list[Outcome], list[Any]]:
    """Send revision 1, 2, … with those references; gives outcomes and what the service was asked."""

    async def run() -> Any:
        async with kit.service(answer) as service:
            settings = SinkSettings(name="chat", kind=kind, url=service.url, token="t0k3n", to="C1")
            async with kit.opened(settings) as sink:
                outcomes = [
                    await sink.send(kit.alert(revision=number), reference)
                    for number, reference in enumerate(references, 1)
                ]
            return outcomes, service.requests

    found: tuple[list[Outcome], list[Any]] = asyncio.run(run())
    return found


def test_telegram_writes_first_and_edits_afterwards(kit: Any) -> None:
    def answer(request: Any) -> web.Response:
        return web.json_response({"ok": True, "result": {"message_id": 41}})

    outcomes, requests = sent(kit, SinkKind.TELEGRAM, answer, "", "41")
    assert outcomes == [Delivered("41"), Delivered("41")]
    assert [request.path for request in requests] == ["/bott0k3n/sendMessage", "/bott0k3n/editMessageText"]
    assert requests[0].body["chat_id"] == "C1"
    assert "message_id" not in requests[0].body
    assert requests[1].body["message_id"] == 41
    assert requests[1].body["text"].startswith("[high] Patrushev lands in Tehran (update 1)\nOnly Nour News")


def test_telegram_writes_anew_where_the_message_is_gone(kit: Any) -> None:
    def answer(request: Any) -> web.Response:
        if request.path.endswith("editMessageText"):
            said = {"ok": False, "error_code": 400, "description": "Bad Request: message to edit not found"}
            return web.json_response(said, status=400)
        return web.json_response({"ok": True, "result": {"message_id": 42}})

    outcomes, requests = sent(kit, SinkKind.TELEGRAM, answer, "41")
    assert outcomes == [Delivered("42")]
    assert len(requests) == 2


def test_telegram_takes_an_edit_that_changes_nothing_as_delivered(kit: Any) -> None:
    def answer(request: Any) -> web.Response:
        said = {"ok": False, "description": "Bad Request: message is not modified: same content"}
        return web.json_response(said, status=400)

    assert sent(kit, SinkKind.TELEGRAM, answer, "41")[0] == [Delivered("41")]


@pytest.mark.parametrize(
    ("status", "said", "outcome"),
    [
        (
            429,
            {"description": "Too Many Requests", "parameters": {"retry_after": 9}},
            Retry(FailReason.RATE_LIMITED, "answered 429: Too Many Requests", timedelta(seconds=9)),
        ),
        (502, {}, Retry(FailReason.HTTP_5XX, "answered 502: ")),
        (
            403,
            {"description": "Forbidden: bot was blocked"},
            Rejected(FailReason.HTTP_4XX, "answered 403: Forbidden: bot was blocked"),
        ),
    ],
)
def test_telegram_says_what_went_wrong(kit: Any, status: int, said: Any, outcome: Outcome) -> None:
    assert sent(kit, SinkKind.TELEGRAM, lambda request: web.json_response(said, status=status), "")[0] == [outcome]


def test_slack_posts_first_and_updates_afterwards(kit: Any) -> None:
    def answer(request: Any) -> web.Response:
        return web.json_response({"ok": True, "ts": "1667908800.0001"})

    outcomes, requests = sent(kit, SinkKind.SLACK, answer, "", "1667908800.0001")
    assert outcomes == [Delivered("1667908800.0001")] * 2
    assert [request.path for request in requests] == ["/chat.postMessage", "/chat.update"]
    assert {request.headers["Authorization"] for request in requests} == {"Bearer t0k3n"}
    assert requests[1].body["ts"] == "1667908800.0001"
    assert "ts" not in requests[0].body


def test_slack_posts_anew_where_the_message_is_gone(kit: Any) -> None:
    def answer(request: Any) -> web.Response:
        if request.path == "/chat.update":
            return web.json_response({"ok": False, "error": "message_not_found"})
        return web.json_response({"ok": True, "ts": "2.0"})

    assert sent(kit, SinkKind.SLACK, answer, "1.0")[0] == [Delivered("2.0")]


@pytest.mark.parametrize(
    ("status", "said", "outcome"),
    [
        (200, {"ok": False, "error": "channel_not_found"}, Rejected(FailReason.SERVICE, "answered channel_not_found")),
        (200, {"ok": False, "error": "internal_error"}, Retry(FailReason.SERVICE, "answered internal_error")),
        (200, [], Retry(FailReason.SERVICE, "answered something that could not be read")),
        (503, {}, Retry(FailReason.HTTP_5XX, "answered 503")),
    ],
)
def test_slack_says_what_went_wrong(kit: Any, status: int, said: Any, outcome: Outcome) -> None:
    assert sent(kit, SinkKind.SLACK, lambda request: web.json_response(said, status=status), "")[0] == [outcome]


def test_slack_cannot_be_made_to_mention_everybody(kit: Any) -> None:
    async def run() -> Any:
        async with kit.service(lambda request: web.json_response({"ok": True, "ts": "1"})) as service:
            settings = SinkSettings(name="chat", kind=SinkKind.SLACK, url=service.url, token="t", to="C1")
            async with kit.opened(settings) as sink:
                await sink.send(kit.alert(title="<!channel> & <https://x.example|click>"), "")
            return service.requests[0].body["text"]

    text = asyncio.run(run())
    assert text.startswith("[high] &lt;!channel&gt; &amp; &lt;https://x.example|click&gt;\n")


def test_ntfy_publishes_every_revision_under_the_alerts_id(kit: Any) -> None:
    outcomes, requests = sent(kit, SinkKind.NTFY, lambda request: web.json_response({"id": "x"}), "", "")
    assert outcomes == [Delivered(), Delivered()]
    assert {(request.path, request.body["topic"], request.body["sequence_id"]) for request in requests} == {
        ("/", "C1", "a1")
    }
    assert requests[0].body["priority"] == 4
    assert requests[0].body["click"] == kit.alert().url
    assert requests[0].headers["Authorization"] == "Bearer t0k3n"
