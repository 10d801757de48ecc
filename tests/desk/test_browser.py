"""The page in a real browser: live updates in place, nothing refused by the policy, nothing moving about."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connectors.records import AlertState, Evidence
from desk.testing import Newsroom, make_alert, make_report, make_story

pytestmark = pytest.mark.browser
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1400,700"
).split()


@pytest.fixture
def chromium() -> str:
    """Path of a Chromium."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"no browser: none of {', '.join(NAMES)} on PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Tab:
    """One page of the browser, driven over its debugging protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.complaints: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] == "Runtime.exceptionThrown":
                self.complaints.append(str(told["params"]["exceptionDetails"]))
            elif told["method"] == "Log.entryAdded" and told["params"]["entry"]["level"] in ("error", "warning"):
                self.complaints.append(str(told["params"]["entry"]))
            elif told["method"] == "Runtime.consoleAPICalled" and told["params"]["type"] in ("error", "warning"):
                self.complaints.append(str(told["params"]))

    async def do(self, method: str, **params: Any) -> Any:
        """Send a command and wait for its result."""
        number = next(self._ids)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await asyncio.wait_for(answer, 15)
        assert "error" not in told, told
        return told["result"]

    async def value(self, expression: str) -> Any:
        """Evaluate JavaScript in the page."""
        told = await self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until JavaScript in the page is true."""
        give_up_at = time.monotonic() + 15
        while not await self.value(f"Boolean({expression})"):
            assert time.monotonic() < give_up_at, f"never true: {expression}\n{self.complaints}"
            await asyncio.sleep(0.05)

    async def open(self, url: str) -> None:
        """Load a page and wait until its live connection stands."""
        await self.do("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && document.querySelector('#link.on')")

    async def close(self) -> None:
        """Stop listening."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


@asynccontextmanager
async def opened_tab(chromium: str, folder: Path) -> AsyncIterator[Tab]:
    """Start a browser with a profile of its own and open one tab."""
    process = await asyncio.create_subprocess_exec(
        chromium,
        *FLAGS,
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port_file, give_up_at = folder / "DevToolsActivePort", time.monotonic() + 30
        while not (port_file.exists() and len(port_file.read_text().split()) == 2):
            assert time.monotonic() < give_up_at, "the browser did not start"
            await asyncio.sleep(0.05)
        port = port_file.read_text().split()[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket)
                for domain in ("Page", "Runtime", "Log"):
                    await tab.do(f"{domain}.enable")
                yield tab
                await tab.close()
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


async def photograph(tab: Tab, name: str) -> None:
    """Keep a picture of the page in the folder that WIREWATCH_PICTURES names, for people to look at."""
    if folder := os.environ.get("WIREWATCH_PICTURES"):
        told = await tab.do("Page.captureScreenshot", format="png")
        (Path(folder) / f"{name}.png").write_bytes(base64.b64decode(told["data"]))


@pytest.fixture
def browse(chromium: str, tmp_path: Path) -> Callable[[Callable[[Tab], Awaitable[None]]], None]:
    """Run steps in a tab; anything the page complained of, the policy's refusals included, is a failure."""

    def run(steps: Callable[[Tab], Awaitable[None]]) -> None:
        async def ran() -> None:
            async with opened_tab(chromium, tmp_path / "profile") as tab:
                await steps(tab)
                assert tab.complaints == []

        asyncio.run(ran())

    return run


Browse = Callable[[Callable[[Tab], Awaitable[None]]], None]


def test_alert_is_upgraded_in_place_without_loading_the_page_again(
    browse: Browse, desk: str, newsroom: Newsroom
) -> None:
    newsroom.raise_alert(make_alert("a1"))
    newsroom.tell(make_story("s1"))

    async def steps(tab: Tab) -> None:
        await tab.open(desk + "/")
        await tab.value("window.sameDocument = true")
        assert await tab.value("document.querySelector('#alert-a1 .state').textContent") == "single-source"
        newsroom.raise_alert(
            make_alert("a1", revision=2, state=AlertState.INDEPENDENT, reports=(make_report(1), make_report(9)))
        )
        await tab.until("document.querySelector('#alert-a1 .state').textContent === 'independent'")
        assert await tab.value("document.querySelectorAll('#alert-a1').length") == 1
        assert await tab.value("document.querySelector('#alert-a1').classList.contains('upgraded')")
        assert await tab.value("document.querySelector('#alert-a1 .was').textContent") == "upgraded from single-source"
        assert await tab.value("document.querySelectorAll('#alert-a1 .report').length") == 2
        assert "Alert upgraded to independent" in await tab.value("document.querySelector('#announce').textContent")
        newsroom.raise_alert(make_alert("a2"))
        newsroom.tell(make_story("s2"))
        await tab.until("document.querySelector('#alert-a2') && document.querySelector('#story-s2')")
        cards = "Array.from(document.querySelectorAll('#alerts .card'), card => card.id)"
        assert await tab.value(cards) == ["alert-a2", "alert-a1"]
        assert await tab.value("window.sameDocument")

    browse(steps)


def test_nothing_moves_under_the_pointer(browse: Browse, desk: str, newsroom: Newsroom) -> None:
    for number in range(12):
        newsroom.raise_alert(make_alert(f"a{number:02}", raised_at=make_alert().raised_at + timedelta(minutes=number)))
    newsroom.tell(make_story("s1"))

    async def steps(tab: Tab) -> None:
        await tab.open(desk + "/")
        top = "Math.round(document.querySelector('#alert-a10').getBoundingClientRect().top)"
        before = await tab.value(top)
        await tab.do("Input.dispatchMouseEvent", type="mouseMoved", x=300, y=before + 40)
        await tab.until("document.querySelector('#alert-a10:hover')")
        newsroom.raise_alert(make_alert("new"))
        newsroom.raise_alert(make_alert("a11", revision=2, reports=tuple(make_report(n) for n in range(1, 6))))
        await tab.until("document.querySelector('#alert-new') && document.querySelectorAll('#alert-a11 .report')[4]")
        assert abs(await tab.value(top) - before) <= 1
        button = "document.querySelector('.unread[data-pane=alerts]')"
        await tab.until(f"!{button}.hidden")
        assert await tab.value(f"{button}.textContent") == "↑ 1 new above"
        await tab.value(f"{button}.click()")
        assert await tab.value("document.activeElement.id") == "alert-new"
        await tab.until(f"{button}.hidden")
        newsroom.raise_alert(make_alert("a00", revision=2))
        await tab.until(f"{button}.textContent === '↓ 1 changed below'")
        await tab.value(f"{button}.click()")
        assert await tab.value("document.activeElement.id") == "alert-a00"
        await tab.until(f"{button}.hidden")

    browse(steps)


def test_hostile_words_do_nothing_in_a_browser(browse: Browse, desk: str, newsroom: Newsroom) -> None:
    attack = "<img src=x onerror='window.struck=1'><script>window.struck=1</script>\"' onfocus=window.struck=1 x='"
    report = make_report(1, title=attack, source=attack, url="javascript:window.struck=1")

    def alert(revision: int) -> Any:
        return make_alert(
            "a1",
            revision=revision,
            title=attack,
            line=attack,
            rule=attack,
            severity=attack,
            reports=(report,),
            evidence=(Evidence("title", 2, 30, attack),),
            evidence_title=attack,
            url="javascript:window.struck=1",
        )

    newsroom.raise_alert(alert(1))
    newsroom.tell(make_story("s1", title=attack), report)

    async def steps(tab: Tab) -> None:
        await tab.open(desk + "/")
        newsroom.raise_alert(alert(2))
        newsroom.tell(make_story("s2", title=attack), report)
        await tab.until("document.querySelector('#story-s2') && document.querySelector('#alert-a1.upgraded')")
        await tab.open(desk + "/alerts/a1")
        await tab.open(desk + "/stories/s1")
        assert await tab.value("typeof window.struck") == "undefined"
        assert await tab.value("document.querySelectorAll('main img, main script').length") == 0

    browse(steps)


def test_keys_walk_through_the_cards_and_open_them(browse: Browse, desk: str, newsroom: Newsroom) -> None:
    for number in (1, 2):
        newsroom.raise_alert(make_alert(f"a{number}", revision=number))
    newsroom.tell(make_story("s1"))

    async def steps(tab: Tab) -> None:
        await tab.open(desk + "/")
        for key, focused in (("j", "alert-a2"), ("j", "alert-a1"), ("k", "alert-a2"), ("l", "story-s1")):
            await tab.do("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
            assert await tab.value("document.activeElement.id") == focused
        await tab.do("Input.dispatchKeyEvent", type="keyDown", key="Enter", windowsVirtualKeyCode=13)
        await tab.until("location.pathname === '/stories/s1'")

    browse(steps)


def test_other_pages_live_too(browse: Browse, start_desk: Callable[..., str], newsroom: Newsroom) -> None:
    desk = start_desk(refresh=timedelta(milliseconds=200))
    newsroom.raise_alert(make_alert("a1"))

    async def steps(tab: Tab) -> None:
        await tab.open(desk + "/alerts/a1")
        newsroom.raise_alert(make_alert("a1", revision=2, state=AlertState.DENIED, flags=("single-source",)))
        await tab.until("document.querySelectorAll('.steps li').length === 2")
        assert await tab.value("document.querySelector('.standing .state').textContent") == "denied"
        await tab.open(desk + "/ops")
        newsroom.client.xadd("dead", {"r": b"{}"})
        await tab.until("document.querySelector('#fresh td.number.warn')?.textContent === '1'")
        await tab.open(desk + "/feeds")

    browse(steps)


def test_login_opens_the_desk_in_a_browser(browse: Browse, start_desk: Callable[..., str], newsroom: Newsroom) -> None:
    desk = start_desk(token="a token of some length")
    newsroom.tell(make_story("s1"))

    async def steps(tab: Tab) -> None:
        await tab.do("Page.navigate", url=desk + "/stories/s1")
        await tab.until("location.pathname === '/login' && document.querySelector('#token')")
        await tab.value("document.querySelector('#token').value = 'a token of some length'")
        await tab.value("document.querySelector('form').requestSubmit()")
        await tab.until("location.pathname === '/stories/s1' && document.querySelector('#link.on')")

    browse(steps)


def test_rule_is_tried_while_it_is_typed(
    desk: str, newsroom: Newsroom, browse: Callable[[Callable[[Tab], Awaitable[None]]], None]
) -> None:
    for number in range(120):
        newsroom.keep_item(number, f"Drone over port {number}" if number % 4 else f"Quiet day {number}")

    async def steps(tab: Tab) -> None:
        await tab.open(f"{desk}/rules")
        trial = "document.querySelector('#trial').innerText"
        await tab.value("document.querySelector('#query').focus()")
        await tab.do("Input.insertText", text="(drone* OR missile*) NEAR/4 port AND (")
        await tab.until(f"{trial}.includes('this parenthesis is never closed')")
        await tab.value("document.querySelector('#query').value = ''")
        await tab.do("Input.insertText", text="(drone* OR missile*) NEAR/4 port")
        await tab.until(f"{trial}.includes('Reads as')")
        await tab.value("document.querySelector('#try-title').focus()")
        await tab.do("Input.insertText", text="Missiles hit the port")
        await tab.until(f"{trial}.includes('It matches this text.')")
        await tab.value("document.querySelector('.try button').click()")
        await tab.until(f"{trial}.includes('90 of 120 kept items')")
        assert await tab.value("document.querySelectorAll('#trial mark').length") > 2
        await photograph(tab, "rules")

    browse(steps)


def test_rule_is_typed_saved_found_in_the_list_and_deleted(
    desk: str, newsroom: Newsroom, browse: Callable[[Callable[[Tab], Awaitable[None]]], None]
) -> None:
    newsroom.keep_item(1, "Drone over the port")

    async def steps(tab: Tab) -> None:
        async def typed(field: str, text: str) -> None:
            await tab.value(
                f"(one => {{ one.focus(); one.setSelectionRange(9999, 9999) }})(document.querySelector('{field}'))"
            )
            await tab.do("Input.insertText", text=text)

        await tab.open(f"{desk}/rules")
        trial = "document.querySelector('#trial').innerText"
        await typed("#query", "(drone* OR missile* OR rocket* OR shell* OR mortar*) AND port AND (")
        await tab.until(f"{trial}.includes('this parenthesis is never closed')")
        assert not await tab.value("document.querySelector('#save')")
        await tab.value("document.querySelector('#query').value = ''")
        await typed("#query", "(drone* OR missile* OR rocket* OR shell* OR mortar*) AND port NOT football")
        await typed("#try-title", "Drone over the harbour")
        await tab.until(f"{trial}.includes('It would match if this were otherwise:')")
        await tab.until("document.querySelector('#save')")
        await photograph(tab, "rules-missed")
        await tab.value("document.querySelector('#save').click()")
        outcome = "document.querySelector('#outcome').innerText"
        await tab.until(f"{outcome}.includes('expected the name of who saves it')")
        await typed("#name", "drones-over-ports")
        await typed("#author", "Ana")
        await tab.value("document.querySelector('#save').click()")
        await tab.until("location.search === '?saved=drones-over-ports' && document.querySelector('#saved')")
        assert "drones-over-ports" in await tab.value("document.querySelector('#saved tbody').innerText")
        assert "revision 1 by Ana" in await tab.value("document.querySelector('.done').innerText")
        await tab.value("document.querySelector('#saved').scrollIntoView({block: 'center'})")
        await photograph(tab, "rules-saved")
        await tab.open(f"{desk}/rules?edit=drones-over-ports")
        await typed("#query", " NOT film")
        await typed("#author", "Ben")
        await tab.until(f"{trial}.includes('NOT film')")
        await tab.value("document.querySelector('#save').click()")
        await tab.until("location.search.startsWith('?saved=') && document.querySelector('.done')")
        assert "revision 2 by Ben" in await tab.value("document.querySelector('.done').innerText")
        await tab.open(f"{desk}/rules/history/drones-over-ports")
        assert "Revision 2 changed by Ben" in await tab.value("document.querySelector('main').innerText")
        await photograph(tab, "rules-history")
        await tab.open(f"{desk}/rules?saved=drones-over-ports")
        await tab.value("window.confirm = () => true")
        await tab.value("document.querySelector('#saved .acts button').click()")
        await tab.until("location.search === '?deleted=drones-over-ports' && document.querySelector('.done')")
        assert not await tab.value("document.querySelector('#saved')")

    browse(steps)


def test_name_is_typed_tried_saved_and_deleted(
    desk: str, newsroom: Newsroom, browse: Callable[[Callable[[Tab], Awaitable[None]]], None]
) -> None:
    async def steps(tab: Tab) -> None:
        async def typed(field: str, text: str) -> None:
            await tab.value(f"document.querySelector('{field}').focus()")
            await tab.do("Input.insertText", text=text)

        await tab.open(f"{desk}/names")
        trial = "document.querySelector('#trial').innerText"
        await typed("#id", "ivan-example")
        await tab.until(f"{trial}.includes('country: missing')")
        assert not await tab.value("document.querySelector('#save')")
        await typed("#names", "ru: Иван Примеров\nen: Ivan Primerov")
        await typed("#country", "BY")
        await tab.until(f"{trial}.includes('Reads soundly')")
        await typed("#try-text", "Встреча с Иваном Примеровым в Минске.")
        await typed("#language", "ru")
        await tab.until(f"{trial}.includes('person:ivan-example')")
        await typed("#author", "Ana")
        await photograph(tab, "names")
        await tab.value("document.querySelector('#save').click()")
        await tab.until("location.search.startsWith('?saved=') && document.querySelector('#saved')")
        assert "revision 1 by Ana" in await tab.value("document.querySelector('.done').innerText")
        await tab.value("document.querySelector('#saved').scrollIntoView({block: 'center'})")
        await photograph(tab, "names-saved")
        await tab.value("window.confirm = () => true")
        await tab.value("document.querySelector('#saved .acts button').click()")
        await tab.until("location.search.startsWith('?deleted=') && document.querySelector('.done')")
        assert not await tab.value("document.querySelector('#saved')")

    browse(steps)
