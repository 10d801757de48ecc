"""Finds the rules that cost more than a rule may, by timing the engine on real items: measured, never guessed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pipelines.model import Item
from pipelines.rules.matcher import RuleSet
from pipelines.rules.model import Rule
from pipelines.text.tokens import Tokens

# The quickest of so many runs: what disturbs one is no cost of the rules.
_RUNS = 2


def dear_rules(
    rules: Sequence[Rule],
    items: Sequence[tuple[Item, Tokens]],
    budget_seconds: float,
    compiled: Callable[[Sequence[Rule]], RuleSet] = RuleSet.compile,
    rest: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.thread_time,
) -> dict[str, float]:
    """Give the rules that cost more than the budget, each with its seconds an item on average.

    Rules are timed together and halved as long as they cost more: those that do not hold no rule that does.
    ``rest`` is called after each item that was timed, for others to go on; ``clock`` gives seconds of processor time.
    """

    def seconds(some: Sequence[Rule]) -> float:
        tried = compiled(some)
        spent = [0.0] * _RUNS
        for run in range(_RUNS):
            for item, tokens in items:
                since = clock()
                tried.match(item, tokens)
                spent[run] += clock() - since
                rest()
        return min(spent) / len(items)

    if not items:
        return {}
    # Cutting words is nobody's cost.
    base = seconds(())
    found: dict[str, float] = {}
    left = [rules]
    while left:
        some = left.pop()
        cost = seconds(some) - base if some else 0.0
        if cost <= budget_seconds:
            continue
        if len(some) == 1:
            found[some[0].name] = cost
        else:
            left += some[: len(some) // 2], some[len(some) // 2 :]
    return found
