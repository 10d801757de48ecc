"""What ``wirewatch rules`` does with a rules file and an archive of entries."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from pipelines.archive import opened
from pipelines.entities.table import Starts
from pipelines.rules.items import printable, read_items
from pipelines.rules.load import load_rules
from pipelines.rules.matcher import RuleSet
from pipelines.rules.print import print_query


def match_lines(
    rules: RuleSet,
    lines: Iterable[str | bytes],
    path: str = "input",
    languages: tuple[str, ...] = (),
    starts: Starts | None = None,
) -> Iterator[tuple[str, list[str]]]:
    """Give each entry's id and the names of the rules that hold for it, in the order of the lines.

    A text that was cut is told on stderr. Errors: SettingsError naming the line that is no entry.
    """
    for tried in read_items(lines, path, languages, starts):
        if tried.item.is_cut:
            print(f"{printable(tried.id)}: a very long text, matched on its beginning", file=sys.stderr)
        yield tried.id, [match.rule for match in rules.match(tried.item, tried.tokens)]


def match_file(rules_path: str, input_path: str, starts: Starts | None = None) -> int:
    """Print ``{"id", "rules"}`` for each line of an archive ("-": standard input), and the speed on stderr.

    Errors: SettingsError for rules or input with mistakes.
    """
    rules = RuleSet.compile(load_rules([rules_path]))
    count, began = 0, time.perf_counter()
    with opened(input_path) as lines:
        for entry_id, names in match_lines(rules, lines, input_path, starts=starts):
            sys.stdout.write(msgspec.json.encode({"id": entry_id, "rules": names}).decode() + "\n")
            count += 1
    seconds = max(time.perf_counter() - began, 1e-9)
    print(f"{count} entries, {len(rules.rules)} rules, {count / seconds:.0f} docs/s", file=sys.stderr)
    return 0


def check(paths: Iterable[str | Path]) -> list[str]:
    """Give a line for each rule, as it was understood. Errors: SettingsError with every fault."""
    return [f"{rule.name} ({rule.severity}): {print_query(rule.node)}" for rule in load_rules(paths)]
