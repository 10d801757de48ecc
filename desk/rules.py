"""The rules page: what is in force, and a place to try a query before it is saved.

A query is tried on a text and on the items that the stream still holds, in a thread, within two seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from connectors.codec import UnreadableRecordError, decode
from connectors.errors import SettingsError
from connectors.log import names
from connectors.records import Evidence
from desk.pages import frame_values
from desk.state import Desk, DeskOf
from pipelines.model import Item
from pipelines.settings import rule_files

if TYPE_CHECKING:
    from pipelines.rules.model import Rule

router = APIRouter(include_in_schema=False)
_BODY_BYTES = 200_000
_TEXT_LIMIT = 20_000
_ITEMS = 2_000
_READ_AT_ONCE = 200
_SECONDS = 2.0
_SAMPLES = 12


@dataclass(frozen=True, slots=True)
class Sample:
    """One kept item that the query finds."""

    item: Item
    evidence: tuple[Evidence, ...]


@dataclass(slots=True)
class BackTest:
    """What a query would have found among the items that the stream still holds."""

    read: int = 0
    matched: int = 0
    # Whether all kept items were tried, or time was up before.
    is_whole: bool = False
    days: Counter[date] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    @property
    def bars(self) -> list[tuple[date, int, int]]:
        """Each day with its matches and their share of the best day in percent."""
        most = max(self.days.values(), default=1)
        return [(day, count, round(100 * count / most)) for day, count in sorted(self.days.items())]


@dataclass(slots=True)
class Trial:
    """A query tried."""

    # The line with a caret under the mistake, then the reason; "" for a sound query.
    fault: str = ""
    # As the engine reads it.
    printed: str = ""
    # None where no text was given.
    holds: bool | None = None
    why: str = ""
    title: str = ""
    text: str = ""
    evidence: tuple[Evidence, ...] = ()
    found: BackTest | None = None


@router.get("/rules")
async def rules_page(desk: DeskOf, query: Annotated[str, Query(max_length=20_000)] = "") -> Response:
    """The rules in force, and the editor to try one."""
    frame = await frame_values(desk)
    # Brings the rule engine with it, which a desk that nobody asks can do without.
    from pipelines.rules.load import load_rules

    fault = ""
    try:
        rules = await asyncio.to_thread(load_rules, rule_files(desk.node))
    except SettingsError as error:
        rules, fault = (), str(error)
    return desk.page("rules.html", **frame, rules=rules, fault=fault, query=query, trial=None)


@router.post("/rules/try")
async def try_rule(desk: DeskOf, request: Request) -> Response:
    """Read a query, say what it means, and try it."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_BYTES:
            raise HTTPException(413, "too long to be tried here")
    form = parse_qs(body.decode("utf-8", "replace"))
    query, title, text = (form.get(name, [""])[0] for name in ("query", "title", "text"))
    typed = title[:_TEXT_LIMIT], text[:_TEXT_LIMIT]
    trial = await asyncio.to_thread(_tried, query, typed, desk.node.items.languages, desk.clock())
    if "stream" in form and not trial.fault:
        trial.found = await _back_test(desk, query)
    return desk.page("_trial.html", trial=trial)


def _rule(query: str) -> Rule:
    from pipelines.rules.model import Rule, Severity
    from pipelines.rules.syntax import parse

    return Rule("tried", Severity.LOW, query, parse(query), "")


def _tried(query: str, typed: tuple[str, str], languages: tuple[str, ...], now: datetime) -> Trial:
    from pipelines.rules.explain import missed
    from pipelines.rules.print import print_query
    from pipelines.rules.syntax import QueryError

    try:
        rule = _rule(query)
    except QueryError as error:
        return Trial(fault=error.pointed())
    title, text = typed
    trial = Trial(printed=print_query(rule.node), title=title, text=text)
    if title.strip() or text.strip():
        item = _item(title, text, languages, now)
        evidence = _evidence(rule, item)
        trial.holds, trial.evidence = evidence is not None, evidence or ()
        trial.why = "" if trial.holds else missed(rule, item)
    return trial


def _item(title: str, text: str, languages: tuple[str, ...], now: datetime) -> Item:
    """Make an item of typed text, with language and entities as the pipeline would tell them."""
    from connectors.records import Entry
    from pipelines.entities.countries import find_countries
    from pipelines.text.language import detect
    from pipelines.text.normalize import normalize
    from pipelines.text.tokens import tokenize

    entry = Entry("tried", "1", "https://example.org/", title, text, "", now, language="")
    item = replace(normalize(entry), title=title, text=text)
    language = detect(item.title, item.lead, "", languages)
    return replace(item, language=language, entities=find_countries(tokenize(title, text), language))


def _evidence(rule: Rule, item: Item) -> tuple[Evidence, ...] | None:
    from pipelines.rules.evaluate import evaluate, in_reading_order
    from pipelines.rules.view import TextView
    from pipelines.text.tokens import tokenize

    found = evaluate(rule.node, TextView(item, tokenize(item.title, item.text)))
    return None if found is None else in_reading_order(found)


async def _back_test(desk: Desk, query: str) -> BackTest:
    """Try a query on the newest kept items, until all, enough, or the time is up."""
    rule = _rule(query)
    found = BackTest()
    ends_at = time.monotonic() + _SECONDS
    newest = "+"
    while found.read < _ITEMS and time.monotonic() < ends_at:
        reply: Any = await desk.client.xrevrange(names.ITEMS, newest, "-", count=_READ_AT_ONCE)
        raws = [cast("bytes", fields[names.FIELD]) for _, fields in reply]
        await asyncio.to_thread(_try_on, rule, raws, found, ends_at)
        if len(reply) < _READ_AT_ONCE:
            found.is_whole = time.monotonic() < ends_at
            break
        newest = f"({reply[-1][0].decode()}"
    return found


def _try_on(rule: Rule, raws: Iterable[bytes], found: BackTest, ends_at: float) -> None:
    for raw in raws:
        if time.monotonic() >= ends_at:
            return
        found.read += 1
        try:
            item = decode(Item, raw)
        except UnreadableRecordError:
            continue
        evidence = _evidence(rule, item)
        if evidence is not None:
            found.matched += 1
            found.days[item.event_at.astimezone(UTC).date()] += 1
            if len(found.samples) < _SAMPLES:
                found.samples.append(Sample(item, evidence))
