"""Runs ``wirewatch rules backtest``: an archive through a rule and through the story index."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.archive import opened
from pipelines.model import Item
from pipelines.rules.backtest import back_test, back_test_lines
from pipelines.rules.items import read_items
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


def backtest_file(rules_path: str, name: str, input_path: str, *, days: int = 14, against: str = "") -> int:
    """Print what a rule would have found in an archive, and what a version of it in another file ("": none) does.

    Errors: SettingsError for rules or input with mistakes, or where a file has no rule of the name.
    """
    rule = rule_named(rules_path, name)
    other = RuleSet.compile([rule_named(against, name)]).match if against else None
    with opened(input_path) as lines:
        found = back_test(
            rule,
            read_items(lines, input_path),
            RuleSet.compile([rule]).match,
            days=days,
            against=other,
            story_of=story_finder(JoinLimits()),
        )
    for line in back_test_lines(found):
        print(line)
    return 0
