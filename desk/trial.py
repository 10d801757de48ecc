"""Tries a query before it is saved: on a text, part by part, and on the items that the stream still holds.

Runs in threads, the back-test within two seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date
from typing import TYPE_CHECKING, Any, cast

import redis

from connectors.codec import UnreadableRecordError, decode
from connectors.errors import SettingsError
from connectors.log import names
from connectors.records import Evidence
from desk.state import Desk
from pipelines.model import Item
from pipelines.settings import rule_files

if TYPE_CHECKING:
    from pipelines.entities.table import Starts
    from pipelines.rules.explain import Explanation
    from pipelines.rules.items import MatchItem
    from pipelines.rules.model import Node, Rule

_TEXT_LIMIT = 20_000
# Each part of a query is tried, whatever the others say: of a query with many, on the beginning of a text only.
_MANY_PARTS = 200
_TEXT_LIMIT_OF_MANY = 2_000
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
    title: str = ""
    text: str = ""
    # None where no text was given.
    explanation: Explanation | None = None
    # Whether the text was longer than what was tried.
    is_cut: bool = False
    found: BackTest | None = None


def tried(desk: Desk, form: Mapping[str, str], languages: tuple[str, ...]) -> tuple[Rule | None, Trial]:
    """Read the query of a form and try it on the text there; no rule where the query has a mistake."""
    from pipelines.rules.mistakes import QueryError
    from pipelines.rules.model import Rule, Severity
    from pipelines.rules.print import print_query
    from pipelines.rules.syntax import parse

    query, title, text = (form.get(name, "") for name in ("query", "title", "text"))
    try:
        rule = Rule("tried", Severity.LOW, query, parse(query, _named(desk)), "", languages=languages)
    except QueryError as error:
        return None, Trial(fault=error.pointed())
    trial = Trial(printed=print_query(rule.node))
    if title.strip() or text.strip():
        trial.title, trial.text, trial.explanation = explained(desk, rule, title, text)
        trial.is_cut = len(trial.title) < len(title) or len(trial.text) < len(text)
    return rule, trial


def _named(desk: Desk) -> Mapping[str, Node]:
    """What ``@name`` stands for; nothing where files or store cannot be read, of which the page tells."""
    from pipelines.rule_shelf import shared_shelf

    try:
        return shared_shelf(rule_files(desk.node), desk.redis_url).read().named
    except (SettingsError, redis.RedisError):
        return {}


def _starts(desk: Desk) -> Starts | None:
    # Brings the reader of lists with it, which a desk that nobody asks can do without.
    from desk.naming import names_to_find

    return names_to_find(desk)


def explained(desk: Desk, rule: Rule, title: str, text: str, language: str = "") -> tuple[str, str, Explanation]:
    """Try each part of a rule on a text; gives title and text as far as they were tried."""
    from pipelines.rules.explain import explain
    from pipelines.rules.items import typed_item
    from pipelines.rules.model import walk

    is_long = sum(1 for _ in walk(rule.node)) > _MANY_PARTS
    limit = _TEXT_LIMIT_OF_MANY if is_long else _TEXT_LIMIT
    title, text = title[:limit], text[:limit]
    item = typed_item(title, text, desk.node.items.languages, language, _starts(desk)).item
    return title, text, explain(rule, item)


async def back_test(desk: Desk, rule: Rule) -> BackTest:
    """Try a query on the newest kept items, until all, enough, or the time is up.

    What they name is found anew, by the names in force now: a name saved since is met too.
    """
    from pipelines.rules.items import matched_plainly

    match, starts, found = matched_plainly([rule]), await asyncio.to_thread(_starts, desk), BackTest()
    ends_at = time.monotonic() + _SECONDS
    newest = "+"
    while found.read < _ITEMS and time.monotonic() < ends_at:
        reply: Any = await desk.client.xrevrange(names.ITEMS, newest, "-", count=_READ_AT_ONCE)
        raws = [cast("bytes", fields[names.FIELD]) for _, fields in reply]
        await asyncio.to_thread(_try_on, match, starts, raws, found, ends_at)
        if len(reply) < _READ_AT_ONCE:
            found.is_whole = time.monotonic() < ends_at
            break
        newest = f"({reply[-1][0].decode()}"
    return found


def _try_on(match: MatchItem, starts: Starts | None, raws: Iterable[bytes], found: BackTest, ends_at: float) -> None:
    from pipelines.rules.items import tried_item

    for raw in raws:
        if time.monotonic() >= ends_at:
            return
        found.read += 1
        try:
            item = decode(Item, raw)
        except UnreadableRecordError:
            continue
        tried = tried_item(item.item_id, item, starts)
        for hit in match(tried.item, tried.tokens):
            found.matched += 1
            found.days[item.event_at.astimezone(UTC).date()] += 1
            if len(found.samples) < _SAMPLES:
                found.samples.append(Sample(item, hit.evidence))
