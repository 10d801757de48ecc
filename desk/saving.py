"""Saves and deletes rules for page and API alike, and tells of their history. Blocks: called in threads.

Brings the rule reader with it, which a desk that nobody asks for rules can do without: import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import redis

from connectors.errors import Fault, SettingsError
from desk.rule_records import ListedRule, RuleChange, RuleListing
from desk.saved_records import Step, left_out_of, steps_of
from desk.state import Desk
from pipelines.revisions import SAVED, check_author
from pipelines.rule_shelf import InForce, RuleShelf, check, shared_shelf
from pipelines.rules.model import Rule, Severity
from pipelines.saved_rules import SavedRule
from pipelines.settings import rule_files
from pipelines.slow_rules import read_slow


def shelf_of(desk: Desk) -> RuleShelf:
    """The shelf of this desk's rules."""
    return shared_shelf(rule_files(desk.node), desk.redis_url)


def slow_of(desk: Desk) -> dict[str, int]:
    """Microseconds an item of the rules in the slow lane, as `items` last told; none while the store is away."""
    try:
        return read_slow(shelf_of(desk).store.client)
    except redis.RedisError:
        return {}


def listing(in_force: InForce, slow: Mapping[str, int]) -> RuleListing:
    """List all rules; ``slow`` gives microseconds an item of those in the slow lane."""
    left_out = left_out_of(in_force.left_out, in_force.saved)
    rules = tuple(replace(_listed(rule, in_force), slow_microseconds=slow.get(rule.name, 0)) for rule in in_force.rules)
    return RuleListing(rules, left_out, tuple(map(str, in_force.faults)))


def _listed(rule: Rule, in_force: InForce) -> ListedRule:
    about = (rule.name, rule.severity, rule.query, rule.when, rule.languages, rule.routes, rule.version)
    if rule.path != SAVED:
        return ListedRule(*about, "file", f"{Path(rule.path).name}:{rule.line}")
    saved = in_force.saved[rule.name]
    return ListedRule(*about, "saved", "", saved.author, saved.saved_at, saved.revision)


def save(desk: Desk, name: str, change: RuleChange) -> SavedRule:
    """Save a rule; gives it as it was saved.

    Errors: SettingsError for what cannot be saved, ChangedMeanwhileError where somebody was first,
    redis.RedisError where the store is away.
    """
    shelf = shelf_of(desk)
    record = SavedRule(
        name, change.query, change.severity, change.languages, change.routes, change.author.strip(), desk.clock()
    )
    check(record, shelf.read())
    return shelf.store.save(record, change.revision)


def delete(desk: Desk, name: str, author: str, revision: int) -> SavedRule:
    """Delete a saved rule; gives the mark that stays in its history. Errors: as ``save``."""
    check_author(author.strip())
    return shelf_of(desk).store.delete(name, author.strip(), desk.clock(), revision)


def steps(desk: Desk, name: str) -> tuple[Step, ...]:
    """Tell the history of a saved rule, the newest revision first; () for one that there never was."""
    return steps_of(shelf_of(desk).store.history(name), _shown)


def _shown(rule: SavedRule) -> dict[str, str]:
    return {
        "query": rule.query,
        "severity": str(rule.severity),
        "languages": ", ".join(rule.languages) or "all",
        "sinks": ", ".join(rule.routes) or "all",
    }


def severity_of(text: str) -> Severity:
    """Read a severity that was typed. Errors: SettingsError."""
    try:
        return Severity(text or Severity.MEDIUM)
    except ValueError:
        expected = ", ".join(Severity)
        raise SettingsError([Fault(SAVED, 0, "severity", f"expected one of {expected}, got {text[:80]!r}")]) from None
