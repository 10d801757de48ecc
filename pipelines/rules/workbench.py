"""What ``wirewatch rules explain``, ``test`` and ``lint`` print: a desk's view of its own rules.

``starts`` are the names to find; None: only those that come with wirewatch.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from connectors.errors import Fault, SettingsError
from pipelines.entities.table import Starts
from pipelines.rules.explain import Explanation, explain, explanation_lines
from pipelines.rules.items import TriedItem, archived_items, item_of_text, printable
from pipelines.rules.lint import lint, lint_lines
from pipelines.rules.load import load_rules
from pipelines.rules.model import Rule
from pipelines.rules.trial import trial_lines, try_rules

_NAMES_SHOWN = 12


def rule_named(path: str | Path, name: str) -> Rule:
    """Read one rule of a file or folder. Errors: SettingsError, also where there is none of that name."""
    rules = {rule.name: rule for rule in load_rules([path])}
    if name not in rules:
        known = ", ".join(list(rules)[:_NAMES_SHOWN]) + (", …" if len(rules) > _NAMES_SHOWN else "")
        raise SettingsError([Fault(str(path), 0, name, f"no rule has this name; there are {known or 'none'}")])
    return rules[name]


def explain_text(rules_path: str, name: str, text: str, *, as_json: bool = False, starts: Starts | None = None) -> int:
    """Print a rule's tree of truth on "title | text". Errors: SettingsError."""
    item = item_of_text(text, starts=starts).item
    _print_explanation(explain(rule_named(rules_path, name), item), "", as_json=as_json)
    return 0


def explain_entries(
    rules_path: str,
    name: str,
    input_path: str,
    entry_id: str = "",
    *,
    as_json: bool = False,
    starts: Starts | None = None,
) -> int:
    """Print a rule's tree of truth on every entry of an archive, or on the one with an id ("": all).

    Errors: SettingsError for rules or input with mistakes, or where no entry has the id.
    """
    rule = rule_named(rules_path, name)
    is_found = not entry_id
    with archived_items(input_path, starts) as items:
        for tried in items:
            if entry_id in ("", tried.id):
                is_found = True
                _print_explanation(explain(rule, tried.item), tried.id, as_json=as_json)
    if not is_found:
        raise SettingsError([Fault(input_path, 0, "", f"no entry has the id {entry_id}")])
    return 0


def _print_explanation(explanation: Explanation, entry_id: str, *, as_json: bool) -> None:
    if as_json:
        told = {"id": entry_id} | msgspec.to_builtins(explanation)
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return
    if entry_id:
        sys.stdout.write(f"{printable(entry_id)}\n")
    sys.stdout.write("\n".join(explanation_lines(explanation)) + "\n")


def try_files(paths: Iterable[str], starts: Starts | None = None) -> int:
    """Try all rules on their own texts and print what failed; gives the number of failures.

    Errors: SettingsError for rules with mistakes.
    """
    trials = try_rules(load_rules(paths), starts=starts)
    print("\n".join(trial_lines(trials)))
    return len(trials.failures)


def lint_files(path: str, source: AbstractContextManager[Iterable[TriedItem]] | None = None) -> int:
    """Print what is hardly meant in some rules, and what items (None: none) say of them.

    Gives the number of warnings. Errors: SettingsError for rules or input with mistakes.
    """
    rules = load_rules([path])
    warnings = lint(rules)
    told: Iterable[str] = ()
    if source is not None:
        # The engine that matches, and what only items need.
        from pipelines.rules.matcher import RuleSet
        from pipelines.rules.measure import measure, measured_lines

        with source as items:
            measured = measure(rules, items, RuleSet.compile(rules).match)
        warnings += measured.warnings
        told = measured_lines(measured)
    for line in (*lint_lines(warnings, len(rules)), *told):
        print(line)
    return len(warnings)
