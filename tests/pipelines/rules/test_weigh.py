"""Rules that cost too much are found by timing, run in the slow lane, and miss nothing there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pipelines.model import Item
from pipelines.rules.matcher import RuleSet
from pipelines.rules.model import Rule, Severity
from pipelines.rules.syntax import parse
from pipelines.rules.weigh import dear_rules
from pipelines.text.tokens import Tokens, tokenize

Make = Callable[..., Item]
# Common words by the hundred, each beside each.
DEAR = f"({' OR '.join(f'w{one}' for one in range(200))}) NEAR/50 ({' OR '.join(f'w{one}' for one in range(100, 300))})"


def rule(name: str, query: str) -> Rule:
    return Rule(name, Severity.LOW, query, parse(query), query)


def items_of(item_of: Make) -> list[tuple[Item, Tokens]]:
    texts = [" ".join(f"w{(7 * word + number) % 300}" for word in range(2000)) for number in range(5)]
    items = [replace(item_of("drone over a port"), text=text) for text in texts]
    return [(item, tokenize(item.title, item.text)) for item in items]


def test_a_rule_that_costs_more_than_its_budget_is_found(item_of: Make) -> None:
    rules = [*(rule(f"r{number}", f"drone{number} AND port") for number in range(50)), rule("dear", DEAR)]
    found = dear_rules(rules, items_of(item_of), 50e-6)
    assert list(found) == ["dear"]
    assert found["dear"] > 50e-6


def test_rules_within_their_budget_are_timed_once(item_of: Make) -> None:
    compiled: list[int] = []

    def counted(rules: Sequence[Rule]) -> RuleSet:
        compiled.append(len(rules))
        return RuleSet.compile(rules)

    rules = [rule(f"r{number}", f"drone{number} AND port") for number in range(50)]
    assert dear_rules(rules, items_of(item_of), 0.1, counted) == {}
    assert compiled == [0, 50]


def test_without_items_nothing_is_dear() -> None:
    assert dear_rules([rule("dear", DEAR)], [], 0.0) == {}


def test_the_slow_lane_finds_what_the_others_find_and_counts_its_time(item_of: Make) -> None:
    rules = [rule("dear", DEAR), rule("port", "port"), rule("drone", "drone")]
    together = RuleSet.compile(rules)
    apart = RuleSet.compile(rules, slow={"dear"})
    [(item, tokens), *_] = items_of(item_of)
    assert apart.slow == {"dear"}
    assert apart.match(item, tokens) == together.match(item, tokens)
    assert {match.rule for match in apart.match(item, tokens)} == {"dear", "port", "drone"}
    assert apart.slow_seconds > 0 == together.slow_seconds


def test_a_rule_goes_to_the_slow_lane_and_back(item_of: Make) -> None:
    rules = [rule("dear", DEAR), rule("port", "port")]
    [(item, tokens), *_] = items_of(item_of)
    expected = RuleSet.compile(rules).match(item, tokens)
    there = RuleSet.compile(rules, RuleSet.compile(rules), slow={"dear"})
    back = RuleSet.compile(rules, there)
    assert there.match(item, tokens) == back.match(item, tokens) == expected
    assert there.slow == {"dear"}
    assert not back.slow
