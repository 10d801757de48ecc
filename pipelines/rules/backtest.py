"""What a rule would have found in an archive: matches a day, samples, stories, and what another version finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta

from pipelines.model import FIRST, Item
from pipelines.rules.explain import missed
from pipelines.rules.items import MatchItem, TriedItem, printable
from pipelines.rules.model import Rule

_SAMPLES_A_DAY = 3
_SAMPLES = 12
_SHOWN_CHANGES = 10
_SHOWN_WORDS = 4
_BAR_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Hit:
    """One piece of news that a rule finds: the first of its page."""

    id: str
    day: date
    title: str
    # As they were written, each once, title first.
    words: tuple[str, ...]
    story: str = ""
    # Why the rule as it is now does not find it, for what only the other version finds.
    why: str = ""


@dataclass(frozen=True, slots=True)
class BackTest:
    """What a rule would have found in the last days of an archive."""

    rule: Rule
    # Entries of those days.
    entries: int
    # Every day from the first to the last, with its hits.
    days: tuple[tuple[date, int], ...]
    hits: tuple[Hit, ...]
    # Stories that a hit opened an alert on, by the day of their first hit; None where nothing was grouped.
    stories: int | None
    # Against the other version; None where there is none.
    gained: tuple[Hit, ...] | None = None
    lost: tuple[Hit, ...] | None = None


def back_test(
    rule: Rule,
    items: Iterable[TriedItem],
    match: MatchItem,
    *,
    days: int = 14,
    against: MatchItem | None = None,
    story_of: Callable[[Item], str] | None = None,
) -> BackTest:
    """Match the items of an archive against a rule, and against another version of it.

    ``match`` and ``against`` give the matches of that rule alone; ``story_of`` is asked for every item, in order.
    ``days`` counts back from the newest day (UTC, of the event) that has an entry. All hits are held in memory.
    """
    entries: Counter[date] = Counter()
    now_found: dict[str, Hit] = {}
    then_found: dict[str, Hit] = {}
    for tried in items:
        day = tried.item.event_at.astimezone(UTC).date()
        entries[day] += 1
        story = story_of(tried.item) if story_of is not None else ""
        # A page that comes again, edited or not, is no news.
        if (hit := _hit(tried, match, day, story)) is not None:
            now_found.setdefault(tried.item.item_id, hit)
        if against is not None and (other := _hit(tried, against, day, story)) is not None:
            why = missed(rule, tried.item) if hit is None else ""
            then_found.setdefault(tried.item.item_id, replace(other, why=why))
    last = max(entries, default=date.min)
    since = max(min(entries, default=date.min), last - timedelta(days=min(days, last.toordinal()) - 1))
    hits = _since(since, now_found.values())
    found = Counter(hit.day for hit in hits)
    listed = tuple(since + timedelta(days=step) for step in range((last - since).days + 1)) if entries else ()
    gained = lost = None
    if against is not None:
        gained = _since(since, (hit for key, hit in now_found.items() if key not in then_found))
        lost = _since(since, (hit for key, hit in then_found.items() if key not in now_found))
    return BackTest(
        rule,
        sum(count for day, count in entries.items() if day >= since),
        tuple((day, found[day]) for day in listed),
        hits,
        _stories(since, now_found.values()) if story_of is not None else None,
        gained,
        lost,
    )


def _hit(tried: TriedItem, match: MatchItem, day: date, story: str) -> Hit | None:
    for found in match(tried.item, tried.tokens):
        words = dict.fromkeys(one.words for one in found.evidence)
        return Hit(tried.id, day, tried.item.title, tuple(words), story)
    return None


def _since(first: date, hits: Iterable[Hit]) -> tuple[Hit, ...]:
    return tuple(sorted((hit for hit in hits if hit.day >= first), key=lambda hit: hit.day))


def _stories(first: date, hits: Iterable[Hit]) -> int:
    """Count the stories whose first hit is of the days counted: an alert goes out once a story."""
    firsts: dict[str, date] = {}
    for hit in hits:
        firsts.setdefault(hit.story, hit.day)
    return sum(day >= first for day in firsts.values())


def back_test_lines(found: BackTest) -> Iterator[str]:
    """Print a back-test: a bar a day, then alerts, samples, and what was gained and lost."""
    yield f"{found.rule.name}: {len(found.hits)} matches in {found.entries} entries of {len(found.days)} days"
    most = max((count for _, count in found.days), default=0)
    for day, count in found.days:
        yield f"  {day}  {count:6}  {'█' * _bar(count, most)}".rstrip()
    if found.stories is not None:
        yield _alerts_line(found)
    if found.hits:
        yield "sample of matches:"
        yield from (_hit_line("·", hit) for hit in _sample(found.hits))
    if found.gained is not None and found.lost is not None:
        yield f"against the other version: {len(found.gained)} gained, {len(found.lost)} lost"
        for mark, changed in (("+", found.gained), ("-", found.lost)):
            yield from (_hit_line(mark, hit) for hit in changed[:_SHOWN_CHANGES])
            if len(changed) > _SHOWN_CHANGES:
                yield f"  {mark} … {len(changed) - _SHOWN_CHANGES} more"


def _bar(count: int, most: int) -> int:
    """Give a bar's length; a day with any hit has a bar."""
    return max(1, round(_BAR_WIDTH * count / most)) if count else 0


def _alerts_line(found: BackTest) -> str:
    if FIRST in found.rule.when:
        return f"alerts: {found.stories}, one a story; each may be revised when more outlets report it"
    return f"alerts: at most {found.stories}, one a story, once it is {' or '.join(found.rule.when)}"


def _sample(hits: tuple[Hit, ...]) -> list[Hit]:
    """Take some hits of each day, spread over all days where there are too many."""
    taken: Counter[date] = Counter()
    chosen = []
    for hit in hits:
        taken[hit.day] += 1
        if taken[hit.day] <= _SAMPLES_A_DAY:
            chosen.append(hit)
    if len(chosen) <= _SAMPLES:
        return chosen
    return [chosen[round(step * (len(chosen) - 1) / (_SAMPLES - 1))] for step in range(_SAMPLES)]


def _hit_line(mark: str, hit: Hit) -> str:
    words = ", ".join(hit.words[:_SHOWN_WORDS]) + (", …" if len(hit.words) > _SHOWN_WORDS else "")
    why = f"  [{hit.why}]" if hit.why else ""
    return f"  {mark} {hit.day}  {printable(hit.id)}  {printable(hit.title)}" + (f"  ({words})" if words else "") + why
