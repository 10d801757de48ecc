"""The rules page: what is in force, and a place to try a query before it is saved.

A query is tried on a text and on the items that the stream still holds, in a thread, within two seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from connectors.codec import UnreadableRecordError, decode
from connectors.errors import SettingsError
from connectors.log import names
from connectors.records import Evidence
from desk.forms import read_form
from desk.pages import frame_values
from desk.state import Desk, DeskOf
from pipelines.model import Item
from pipelines.settings import rule_files
from pipelines.text.tokens import tokenize

if TYPE_CHECKING:
    from pipelines.rules.items import MatchItem
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
    form = await read_form(request, _BODY_BYTES, "a trial")
    rule, trial = await asyncio.to_thread(_tried, form, desk.node.items.languages)
    if "stream" in form and rule is not None:
        trial.found = await _back_test(desk, rule)
    return desk.page("_trial.html", trial=trial)


def _tried(form: Mapping[str, str], languages: tuple[str, ...]) -> tuple[Rule | None, Trial]:
    """Read the query of a form and try it on the text there; no rule where the query has a mistake."""
    from pipelines.rules.explain import missed
    from pipelines.rules.items import matched_plainly, typed_item
    from pipelines.rules.mistakes import QueryError
    from pipelines.rules.model import Rule, Severity
    from pipelines.rules.print import print_query
    from pipelines.rules.syntax import parse

    query, title, text = (form.get(name, "") for name in ("query", "title", "text"))
    try:
        rule = Rule("tried", Severity.LOW, query, parse(query), "")
    except QueryError as error:
        return None, Trial(fault=error.pointed())
    trial = Trial(printed=print_query(rule.node), title=title[:_TEXT_LIMIT], text=text[:_TEXT_LIMIT])
    if trial.title.strip() or trial.text.strip():
        tried = typed_item(trial.title, trial.text, languages)
        found = matched_plainly([rule])(tried.item, tried.tokens)
        trial.holds = bool(found)
        trial.evidence = tuple(evidence for match in found for evidence in match.evidence)
        trial.why = "" if found else missed(rule, tried.item)
    return rule, trial


async def _back_test(desk: Desk, rule: Rule) -> BackTest:
    """Try a query on the newest kept items, until all, enough, or the time is up."""
    from pipelines.rules.items import matched_plainly

    match, found = matched_plainly([rule]), BackTest()
    ends_at = time.monotonic() + _SECONDS
    newest = "+"
    while found.read < _ITEMS and time.monotonic() < ends_at:
        reply: Any = await desk.client.xrevrange(names.ITEMS, newest, "-", count=_READ_AT_ONCE)
        raws = [cast("bytes", fields[names.FIELD]) for _, fields in reply]
        await asyncio.to_thread(_try_on, match, raws, found, ends_at)
        if len(reply) < _READ_AT_ONCE:
            found.is_whole = time.monotonic() < ends_at
            break
        newest = f"({reply[-1][0].decode()}"
    return found


def _try_on(match: MatchItem, raws: Iterable[bytes], found: BackTest, ends_at: float) -> None:
    for raw in raws:
        if time.monotonic() >= ends_at:
            return
        found.read += 1
        try:
            item = decode(Item, raw)
        except UnreadableRecordError:
            continue
        for hit in match(item, tokenize(item.title, item.text)):
            found.matched += 1
            found.days[item.event_at.astimezone(UTC).date()] += 1
            if len(found.samples) < _SAMPLES:
                found.samples.append(Sample(item, hit.evidence))
