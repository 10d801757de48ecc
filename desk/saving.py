"""Saves and deletes rules for page and API alike, and tells of their history. Blocks: called in threads.

Brings the rule reader with it, which a desk that nobody asks for rules can do without: import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import redis

from connectors.errors import Fault, SettingsError
from desk.rule_records import FieldChange, LeftOut, ListedRule, RuleChange, RuleListing, Step
from desk.state import Desk
from pipelines.revisions import SAVED, check_author
from pipelines.rules.model import Rule, Severity
from pipelines.saved_rules import SavedRule
from pipelines.settings import rule_files
from pipelines.shelf import InForce, RuleShelf, check, shared_shelf
from pipelines.slow_rules import read_slow


def shelf_of(desk: Desk) -> RuleShelf:
    """The shelf of this desk's rules."""
    return shared_shelf(rule_files(desk.node), desk.redis_url)


def slow_of(desk: Desk) -> dict[str, int]:
    """Microseconds an item of the rules in the slow lane, as `items` last told; none while the store is away."""
    try:
        return read_slow(shelf_of(desk).saved_rules.client)
    except redis.RedisError:
        return {}


def listing(in_force: InForce, slow: Mapping[str, int]) -> RuleListing:
    """List all rules; ``slow`` gives microseconds an item of those in the slow lane."""
    left_out = tuple(
        LeftOut(name, reason, in_force.saved[name].revision if name in in_force.saved else 0)
        for name, reason in sorted(in_force.left_out.items())
    )
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
    return shelf.saved_rules.save(record, change.revision)


def delete(desk: Desk, name: str, author: str, revision: int) -> SavedRule:
    """Delete a saved rule; gives the mark that stays in its history. Errors: as ``save``."""
    check_author(author.strip())
    return shelf_of(desk).saved_rules.delete(name, author.strip(), desk.clock(), revision)


def steps(desk: Desk, name: str) -> tuple[Step, ...]:
    """Tell the history of a saved rule, the newest revision first; () for one that there never was."""
    told = shelf_of(desk).saved_rules.history(name)
    return tuple(_step(rule, before) for rule, before in zip(told, (*told[1:], None), strict=True))


def _step(rule: SavedRule, before: SavedRule | None) -> Step:
    if rule.is_deleted:
        return Step(rule, "deleted", ())
    changes = tuple(_changes(rule, before))
    return Step(rule, "saved" if before is None else "saved again" if before.is_deleted else "changed", changes)


def _changes(rule: SavedRule, before: SavedRule | None) -> Iterator[FieldChange]:
    for field in ("query", "severity", "languages", "routes"):
        now, then = (_shown(field, one) for one in (rule, before))
        if now != then:
            # As the page names it.
            yield FieldChange("sinks" if field == "routes" else field, then, now)


def _shown(field: str, rule: SavedRule | None) -> str:
    if rule is None:
        return ""
    value = getattr(rule, field)
    return (", ".join(value) or "all") if isinstance(value, tuple) else str(value)


def severity_of(text: str) -> Severity:
    """Read a severity that was typed. Errors: SettingsError."""
    try:
        return Severity(text or Severity.MEDIUM)
    except ValueError:
        expected = ", ".join(Severity)
        raise SettingsError([Fault(SAVED, 0, "severity", f"expected one of {expected}, got {text[:80]!r}")]) from None
