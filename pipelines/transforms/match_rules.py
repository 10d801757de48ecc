"""MatchRules: which of the desk's rules each item makes true, and by which words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines import telemetry
from pipelines.rules.matcher import RuleSet
from pipelines.transforms.pages import Draft, EntryPage, Settled, stepped
from pipelines.transforms.rulebook import shared_rulebook

RULE_BUDGET_SECONDS = 50e-6
# Items of each page on which rules are weighed later.
_SAMPLED = 10


def with_matches(page: EntryPage, rules: RuleSet) -> EntryPage:
    """Match every draft against the rules."""

    def step(draft: Draft) -> Draft | Settled:
        matches = rules.match(draft.item, draft.tokens)
        # Most items match nothing: what is as it was need not be built again.
        return replace(draft, item=replace(draft.item, matches=matches)) if matches else draft

    return stepped(page, "items", step)


class _MatchRulesFn(beam.DoFn):
    def __init__(self, rule_files: tuple[str, ...], saved_rules_url: str, rule_budget_seconds: float) -> None:
        self._rule_files = rule_files
        self._saved_rules_url = saved_rules_url
        self._rule_budget_seconds = rule_budget_seconds

    def process(self, page: EntryPage) -> Iterator[EntryPage]:
        book = shared_rulebook(self._rule_files, self._saved_rules_url)
        rules = book.current()
        before = rules.slow_seconds
        matched = with_matches(page, rules)
        telemetry.slow_lane_took(rules.slow_seconds - before)
        book.matched(((draft.item, draft.tokens) for draft in page.drafts[-_SAMPLED:]), self._rule_budget_seconds)
        yield matched


class MatchRules(beam.PTransform[PCollection[EntryPage], PCollection[EntryPage]]):
    """Match items against the desk's rules: those of files, and those saved in the store at ``saved_rules_url``.

    Shape:   PCollection[EntryPage] -> PCollection[EntryPage]; sets Item.matches.
    Drops:   nothing: an item that no rule wants is still part of its story.
    Errors:  a rule file with mistakes stops the start; later the last good rules stay, and it is said.
             A saved rule that cannot be read is left out, and it is said.
    Budget:  a rule that costs an item more than ``rule_budget_seconds`` runs behind the others, and it is said.
    """

    def __init__(
        self, rule_files: tuple[str, ...], saved_rules_url: str = "", rule_budget_seconds: float = RULE_BUDGET_SECONDS
    ) -> None:
        super().__init__()
        self._fn = _MatchRulesFn(rule_files, saved_rules_url, rule_budget_seconds)

    def expand(self, pages: PCollection[EntryPage]) -> PCollection[EntryPage]:
        """Add the step."""
        step = beam.ParDo(self._fn).with_output_types(EntryPage)
        return pages | "Match" >> step
