"""Runs ``wirewatch rules backtest``: items through a rule and through the story index."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from pipelines.model import Item
from pipelines.rules.backtest import back_test, back_test_lines
from pipelines.rules.items import TriedItem
from pipelines.rules.matcher import RuleSet
from pipelines.rules.workbench import rule_named
from pipelines.stories.index import StoryIndex, words_of
from pipelines.stories.limits import JoinLimits
from pipelines.stories.tell import lead_countries


def story_finder(limits: JoinLimits) -> Callable[[Item], str]:
    """Group items into stories as ``stories`` does, without its store: give each item's story, asked in order.

    A page that comes again stays in its story. Copies join by their words alone, where the pipeline knows
    them as copies.
    """
    index = StoryIndex(limits)
    known: dict[str, str] = {}

    def story_of(item: Item) -> str:
        index.close_silent(item.fetched_at)
        if item.item_id in known:
            return known[item.item_id]
        words = words_of(item.title, item.lead, item.language, lead_countries(item))
        story = known[item.item_id] = index.find(words) or item.item_id
        index.add(story, words, item.fetched_at)
        return story

    return story_of


def print_backtest(
    rules_path: str,
    name: str,
    source: AbstractContextManager[Iterable[TriedItem]],
    *,
    days: int = 14,
    against: str = "",
) -> int:
    """Print what a rule would have found among items, and what a version of it in another file ("": none) does.

    Errors: SettingsError for rules or input with mistakes, or where a file has no rule of the name.
    """
    rule = rule_named(rules_path, name)
    other = RuleSet.compile([rule_named(against, name)]).match if against else None
    match = RuleSet.compile([rule]).match
    with source as items:
        found = back_test(rule, items, match, days=days, against=other, story_of=story_finder(JoinLimits()))
    for line in back_test_lines(found):
        print(line)
    return 0
