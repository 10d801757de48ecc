"""Live updates of open pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
import redis

from connectors.log import names
from connectors.records import AlertState
from desk.testing import Newsroom, Told, ask, listening, make_alert, make_report, make_story


async def _next(events: AsyncIterator[Told], name: str) -> Told:
    async def found() -> Told:
        while (told := await anext(events)).event != name:
            pass
        return told

    return await asyncio.wait_for(found(), 10)


def test_changed_cards_arrive_rendered_and_ready_to_be_put_in_place(desk: str, newsroom: Newsroom) -> None:
    start = newsroom.raise_alert(make_alert())

    async def listened() -> Told:
        async with listening(f"{desk}/live?since={start}&cards=1") as events:
            await anext(events)
            newsroom.raise_alert(make_alert(revision=2, state=AlertState.INDEPENDENT))
            return await _next(events, "cards")

    told = asyncio.run(listened())
    assert '<article id="alert-a1" class="card alert sev-high fresh upgraded"' in told.data
    assert 'hx-swap-oob="true"' in told.data
    assert "upgraded from single-source" in told.data
    assert "Alert upgraded to independent: Envoy lands in capital for talks" in told.data


def test_what_happened_between_rendering_and_connecting_is_sent(desk: str, newsroom: Newsroom) -> None:
    newsroom.tell(make_story("s0"))
    page = ask(desk + "/").text
    address = page.split('sse-connect="')[1].split('"')[0].replace("&amp;", "&")
    last = newsroom.tell(make_story("s1"))

    async def listened() -> Told:
        async with listening(desk + address) as events:
            return await _next(events, "cards")

    told = asyncio.run(listened())
    assert told.id == last
    assert 'id="story-s1"' in told.data
    assert 'id="story-s0"' not in told.data


def test_many_changes_of_one_story_are_one_card(desk: str, newsroom: Newsroom) -> None:
    start = newsroom.tell(make_story())

    async def listened() -> Told:
        async with listening(f"{desk}/live?since={start}&cards=1") as events:
            await _next(events, "pulse")
            for number in range(30):
                await asyncio.to_thread(newsroom.tell, make_story(report_count=number), make_report(number))
            return await _next(events, "cards")

    assert asyncio.run(listened()).data.count('id="story-s1"') == 1


def test_page_that_watches_one_alert_hears_of_its_changes_only(desk: str, newsroom: Newsroom) -> None:
    start = newsroom.tell(make_story("s0"))

    async def listened() -> Told:
        async with listening(f"{desk}/live?since={start}&watch=alert-a2") as events:
            await _next(events, "pulse")
            newsroom.raise_alert(make_alert("a1"))
            await asyncio.sleep(0)
            newsroom.raise_alert(make_alert("a2"))
            told = await asyncio.wait_for(_first_but(events, "pulse"), 10)
            assert told.event == "changed"
            return told

    assert asyncio.run(listened()).data == "alert-a2"


async def _first_but(events: AsyncIterator[Told], name: str) -> Told:
    while not (told := await anext(events)).event or told.event == name:
        pass
    return told


def test_narrowed_page_gets_its_cards_only(desk: str, newsroom: Newsroom) -> None:
    start = newsroom.tell(make_story("s0"))

    async def listened() -> Told:
        async with listening(f"{desk}/live?since={start}&cards=1&rule=other&country=fr") as events:
            newsroom.raise_alert(make_alert("a1"))
            newsroom.raise_alert(make_alert("a2", rule="other", countries=("FR",)))
            return await _next(events, "cards")

    told = asyncio.run(listened())
    assert 'id="alert-a2"' in told.data
    assert 'id="alert-a1"' not in told.data


def test_page_too_old_to_catch_up_is_told_to_load_anew(desk: str, newsroom: Newsroom) -> None:
    ids = [newsroom.tell(make_story(), make_report(number)) for number in range(5)]
    newsroom.client.xtrim(names.EVENTS, maxlen=2, approximate=False)

    async def listened() -> Told:
        async with listening(f"{desk}/live?since={ids[0]}&cards=1") as events:
            return await _next(events, "stale")

    assert asyncio.run(listened()).data == "reload"


def test_status_line_comes_again_and_again(start_desk: Callable[..., str], client: redis.Redis) -> None:
    desk = start_desk(refresh=timedelta(milliseconds=100))

    async def listened() -> list[Told]:
        async with listening(f"{desk}/live?since=0-0") as events:
            first = await _next(events, "pulse")
            client.xadd(names.ITEMS, {names.FIELD: b"{}"})
            told = first
            while "lag <b>1</b>" not in told.data:
                told = await _next(events, "pulse")
            return [first, told]

    first, later = asyncio.run(listened())
    assert '<p id="status" class="status" hx-swap-oob="true">' in first.data
    assert "lag <b>0</b>" in first.data
    assert later.data != first.data


def test_pages_come_and_go_and_the_last_one_ends_the_work(start_desk: Callable[..., str], newsroom: Newsroom) -> None:
    desk = start_desk(refresh=timedelta(milliseconds=100))
    start = newsroom.tell(make_story())

    async def visited() -> None:
        for _ in range(3):
            async with (
                listening(f"{desk}/live?since={start}&cards=1") as first,
                listening(f"{desk}/live?since={start}&cards=1") as second,
            ):
                await _next(first, "pulse")
                await _next(second, "pulse")
                newsroom.raise_alert(make_alert())
                assert (await _next(first, "cards")).data == (await _next(second, "cards")).data

    asyncio.run(visited())


@pytest.mark.parametrize("since", ["x", ""])
def test_page_with_a_position_that_is_none_is_refused(desk: str, since: str) -> None:
    assert ask(f"{desk}/live?since={since}").status == 400
