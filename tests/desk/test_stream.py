"""The resumable stream: exactly what was missed, in order, or a gap that is said to be one."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from urllib.parse import quote, urlsplit

import pytest

from connectors.log import names
from desk.hub import Bounds, Hub, Subscription, parse_id, read_event
from desk.telemetry import StreamEnd
from desk.testing import Newsroom, Told, ask, listening, make_alert, make_report, make_story


async def _take(events: AsyncIterator[Told], count: int) -> list[Told]:
    """The next events proper; comments and positions are passed over."""
    taken: list[Told] = []
    async for told in events:
        if told.event:
            taken.append(told)
        if len(taken) == count:
            break
    return taken


def _listen(url: str, count: int, **headers: str) -> list[Told]:
    async def listened() -> list[Told]:
        async with listening(url, **headers) as events:
            return await asyncio.wait_for(_take(events, count), 10)

    return asyncio.run(listened())


def test_resuming_gives_exactly_the_missed_events_and_then_the_new_ones(desk: str, newsroom: Newsroom) -> None:
    ids = [newsroom.tell(make_story(), make_report(number)) for number in range(450)]

    async def listened() -> list[Told]:
        async with listening(desk + "/stream", Last_Event_ID=ids[99]) as events:
            missed = await asyncio.wait_for(_take(events, 350), 10)
            ids.append(newsroom.raise_alert(make_alert()))
            return missed + await asyncio.wait_for(_take(events, 1), 10)

    told = asyncio.run(listened())
    assert [one.id for one in told] == ids[100:]
    assert {one.event for one in told[:-1]} == {"item"}
    assert told[-1].event == "alert"
    assert json.loads(told[-1].data)["alert"]["alert_id"] == "a1"
    assert json.loads(told[0].data)["report"]["item_id"] == "item100"


def test_without_a_position_only_what_happens_from_now_on_is_sent(desk: str, newsroom: Newsroom) -> None:
    newsroom.tell(make_story(), make_report(1))

    async def listened() -> tuple[list[Told], str]:
        async with listening(desk + "/stream") as events:
            assert await anext(events) == Told()  # how long to wait before coming back
            later = newsroom.tell(make_story(), make_report(2))
            return await asyncio.wait_for(_take(events, 1), 10), later

    told, later = asyncio.run(listened())
    assert [one.id for one in told] == [later]


def test_nothing_is_lost_while_a_client_catches_up(desk: str, newsroom: Newsroom) -> None:
    first = newsroom.tell(make_story(), make_report(0))
    expected: list[str] = []

    async def listened() -> list[Told]:
        async with listening(desk + "/stream", Last_Event_ID=first) as events:
            telling = asyncio.to_thread(lambda: [newsroom.tell(make_story(), make_report(n)) for n in range(300)])
            told, ids = await asyncio.wait_for(asyncio.gather(_take(events, 300), telling), 20)
            expected.extend(ids)
            return told

    assert [one.id for one in asyncio.run(listened())] == expected


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("rule=envoys", ["s1", "a1"]),
        ("country=fr", ["s2"]),
        ("country=FR&country=IR", ["s1", "s2", "a1"]),
        ("kind=alert", ["a1", "a2"]),
        ("kind=item&rule=envoys", ["s1"]),
        ("rule=none&rule=other", ["s2", "a2"]),
    ],
)
def test_streams_are_narrowed_by_rule_country_and_kind(
    desk: str, newsroom: Newsroom, query: str, kept: list[str]
) -> None:
    start = newsroom.tell(make_story("s0", rules=(), countries=()))
    ids = {
        "s1": newsroom.tell(make_story("s1")),
        "s2": newsroom.tell(make_story("s2", rules=("other",), countries=("FR",))),
        "a1": newsroom.raise_alert(make_alert("a1")),
        "a2": newsroom.raise_alert(make_alert("a2", rule="other", countries=("DE",))),
    }
    told = _listen(f"{desk}/stream?{query}&since={start}", len(kept))
    assert [one.id for one in told] == [ids[name] for name in kept]


def test_gap_is_announced_where_the_position_was_trimmed_away(desk: str, newsroom: Newsroom) -> None:
    ids = [newsroom.tell(make_story(), make_report(number)) for number in range(10)]
    newsroom.client.xtrim(names.EVENTS, maxlen=4, approximate=False)
    told = _listen(desk + "/stream", 5, Last_Event_ID=ids[1])
    assert told[0].event == "gap"
    assert told[0].id == ""
    assert json.loads(told[0].data) == {"after": ids[1], "resumes_at": ids[6], "reason": "trimmed"}
    assert [one.id for one in told[1:]] == ids[6:]
    assert [one.id for one in _listen(desk + "/stream", 3, Last_Event_ID=ids[6])] == ids[7:]


def test_position_from_another_store_is_a_gap_and_goes_on_from_now(desk: str, newsroom: Newsroom) -> None:
    last = newsroom.tell(make_story())

    async def listened() -> list[Told]:
        async with listening(desk + "/stream", Last_Event_ID="9999999999999-0") as events:
            told = await asyncio.wait_for(_take(events, 1), 10)
            await asyncio.to_thread(newsroom.tell, make_story())
            return told + await asyncio.wait_for(_take(events, 1), 10)

    gap, item = asyncio.run(listened())
    assert json.loads(gap.data) == {"after": "9999999999999-0", "resumes_at": last, "reason": "ahead"}
    assert item.event == "item"


@pytest.mark.parametrize("given", ["x", "1-2-3", "-1", "1-", "99999999999999999999-0", "1;2", "٣-٠", "$", "+"])
def test_position_that_is_none_is_refused(desk: str, given: str) -> None:
    answer = ask(f"{desk}/stream?since={quote(given)}")
    assert answer.status == 400
    assert "event id" in answer.json()["detail"]


def test_unknown_kind_is_refused(desk: str) -> None:
    assert ask(desk + "/stream?kind=rumour").status == 422


def test_quiet_stream_says_that_it_lives_and_moves_the_position_on(
    start_desk: Callable[..., str], newsroom: Newsroom
) -> None:
    desk = start_desk(heartbeat=timedelta(milliseconds=100))
    newsroom.tell(make_story())

    async def listened() -> tuple[list[Told], str]:
        async with listening(desk + "/stream?rule=none") as events:
            quiet = [await anext(events) for _ in range(2)]
            passed_over = newsroom.tell(make_story())
            while not (told := await asyncio.wait_for(anext(events), 10)).id:
                pass
            return [*quiet, told], passed_over

    told, passed_over = asyncio.run(listened())
    assert told[1].comment == "alive"
    assert (told[2].id, told[2].event, told[2].data) == (passed_over, "", "")


def test_one_client_too_many_is_turned_away_for_now(start_desk: Callable[..., str], newsroom: Newsroom) -> None:
    desk = start_desk(stream_clients=1)
    newsroom.tell(make_story())

    async def tried() -> None:
        async with listening(desk + "/stream") as events:
            await anext(events)
            answer = await asyncio.to_thread(ask, desk + "/stream")
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")

    asyncio.run(tried())


def test_client_that_stops_reading_is_sent_away_and_resumes_where_it_was(
    start_desk: Callable[..., str], newsroom: Newsroom
) -> None:
    desk = start_desk(stream_queue_events=20, send_timeout=timedelta(seconds=1))
    first = newsroom.tell(make_story())
    parts = urlsplit(desk)
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((parts.hostname, parts.port))
        lazy.sendall(f"GET /stream HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        assert lazy.recv(200).startswith(b"HTTP/1.1 200")
        ids = [newsroom.tell(make_story(title="x" * 20_000), make_report(number)) for number in range(400)]
        lazy.settimeout(20)
        received = b""
        while chunk := lazy.recv(65536):
            received += chunk
    got = [line.removeprefix("id: ") for line in received.decode(errors="replace").split("\n") if line[:4] == "id: "]
    assert got[:-1] == ids[: len(got) - 1]
    assert 0 < len(got) < 400
    resumed = _listen(desk + "/stream", 400 - len(got) + 1, Last_Event_ID=got[-2])
    assert [one.id for one in resumed] == ids[len(got) - 1 :]
    assert first not in got


def test_client_that_never_reads_again_is_dropped(start_desk: Callable[..., str], newsroom: Newsroom) -> None:
    desk = start_desk(send_timeout=timedelta(milliseconds=200))
    newsroom.tell(make_story())
    before = _dropped(desk)
    parts = urlsplit(desk)
    with socket.socket() as dead:
        dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        dead.connect((parts.hostname, parts.port))
        dead.sendall(f"GET /stream HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        assert dead.recv(200).startswith(b"HTTP/1.1 200")
        give_up_at = time.monotonic() + 20
        while _dropped(desk) == before:
            assert time.monotonic() < give_up_at
            newsroom.tell(make_story(title="x" * 200_000))


def _dropped(desk: str) -> float:
    found = re.search(r'wirewatch_streams_ended_total\{reason="slow"\} (\S+)', ask(desk + "/metrics").text)
    assert found is not None
    return float(found[1])


def test_unreadable_event_is_passed_over(desk: str, newsroom: Newsroom) -> None:
    start = newsroom.tell(make_story())
    newsroom.client.xadd(names.EVENTS, {names.FIELD: b"{broken"})
    newsroom.client.xadd(names.EVENTS, {b"other": b"field"})
    after = newsroom.tell(make_story())
    assert [one.id for one in _listen(desk + "/stream", 1, Last_Event_ID=start)] == [after]


def test_line_breaks_in_a_record_cannot_forge_an_event(desk: str, newsroom: Newsroom) -> None:
    start = newsroom.tell(make_story())
    newsroom.tell(make_story(title="a\n\nevent: gap\ndata: {}\r\rid: 1-1"))
    [told] = _listen(desk + "/stream", 1, Last_Event_ID=start)
    assert told.event == "item"
    assert json.loads(told.data)["story"]["title"] == "a\n\nevent: gap\ndata: {}\r\rid: 1-1"


def test_full_subscription_ends_instead_of_growing() -> None:
    subscription = Subscription(2)
    events = [read_event(f"1-{number}".encode(), b"{}") for number in range(3)]
    for event in events:
        subscription.offer(event)
    assert subscription.ended is StreamEnd.SLOW
    assert asyncio.run(subscription.next(1)) is None


@pytest.mark.parametrize(
    ("bounds", "after", "misses"),
    [
        (Bounds(None, (0, 0), 0), (0, 0), False),
        (Bounds((5, 0), (9, 0), 0), (1, 0), False),
        (Bounds((5, 0), (9, 0), 3), (4, 9), True),
        (Bounds((5, 0), (9, 0), 3), (5, 0), False),
        (Bounds(None, (9, 0), 3), (8, 0), True),
        (Bounds(None, (9, 0), 3), (9, 0), False),
        (Bounds((5, 0), (9, 0), 0), (9, 1), True),
    ],
)
def test_gap_is_known_from_what_the_stream_holds(bounds: Bounds, after: tuple[int, int], misses: bool) -> None:
    assert bounds.misses(after) is misses


def test_ids_are_read_as_redis_reads_them() -> None:
    assert parse_id("17-3") == (17, 3)
    assert parse_id("17") == (17, 0)
    assert parse_id(f"{2**64 - 1}-{2**64 - 1}") == (2**64 - 1, 2**64 - 1)


def test_hub_that_closes_takes_no_more_clients() -> None:
    hub = Hub(client=None, queue_events=1)  # type: ignore[arg-type]  # it is never asked
    hub.close()
    assert hub.subscribe().ended is StreamEnd.CLOSING
