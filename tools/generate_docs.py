"""Writes the reference pages from the declarations they describe: settings, metrics, commands, outcomes.

``python -m tools.generate_docs`` writes them; a test fails where a page differs from its declaration.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path

from prometheus_client import REGISTRY, Metric

_WITH_TELEMETRY = (
    "connectors",
    "connectors.feeds",
    "connectors.log",
    "connectors.sinks",
    "desk",
    "pipelines",
    "pipelines.ner",
)
DOCS = Path(__file__).resolve().parent.parent / "docs"


def settings_page() -> str:
    """Every setting, with its kind, default and meaning."""
    from connectors.settings import declared
    from pipelines.settings import Settings

    lines = [
        "# Settings",
        "",
        "One YAML file, given with `--config FILE`. Every setting has a default; unknown ones are errors.",
        "Relative paths are taken from where the file stands. `wirewatch check --config FILE` lists every mistake.",
        "",
        "| setting | kind | default | meaning |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{each.name}` | {each.kind} | {_cell(each.default)} | {_cell(each.help)} |" for each in declared(Settings)
    ]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """Every metric that any process exports."""
    for package in _WITH_TELEMETRY:
        importlib.import_module(f"{package}.telemetry")
    from desk.figures import PIPELINES, Figures, Store
    from desk.metrics import families

    nothing = Figures((), {name: {} for name in PIPELINES}, (), 0, 0, 0, 0, {}, Store(0, 0, True, True, 0, ""))
    rows = {}
    for family in [*REGISTRY.collect(), *families(nothing)]:
        if not family.name.startswith("wirewatch_"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        rows[name] = (family.type, ", ".join(_labels(family)), family.documentation)
    rows["wirewatch_store_up"] = ("gauge", "", "Whether Redis answered.")
    lines = [
        "# Metrics",
        "",
        "One `/metrics` for the whole node, served by the desk: the counters of all its processes, and figures read",
        "from the store when it is scraped. `wirewatch_entries_read_total` and `wirewatch_entries_decided_total` are",
        "exact: they are written in the transaction that they count. Labels come from closed sets; no URL, title or",
        "error text is one.",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {kind} | {labels} | {_cell(text)} |" for name, (kind, labels, text) in sorted(rows.items())
    ]
    return "\n".join(lines) + "\n"


def _labels(family: Metric) -> list[str]:
    """Label names of a family, whether or not it has samples yet."""
    # What a registered metric declares is not public, and a family without samples does not say.
    declared = {
        name: collector._labelnames
        for collector, names in REGISTRY._collector_to_names.items()
        for name in names
        if hasattr(collector, "_labelnames")
    }
    sampled = {name for sample in family.samples for name in sample.labels if name not in ("le", "pid")}
    return sorted({*declared.get(family.name, ()), *getattr(family, "_labelnames", ()), *sampled})


def commands_page() -> str:
    """Every command, with its own help."""
    from pipelines.cli import build_parser

    lines = [
        "# Commands",
        "",
        "Exit codes: 0 done, 1 failed, 2 bad usage, settings, rules or input. Beam options follow `--`.",
        "",
    ]
    for name, parser in _commands(build_parser(), "wirewatch"):
        usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
        lines += [f"## `{name}`", "", f"{parser.description}", "", f"    {usage}", ""]
        for action in parser._actions:
            if action.dest in ("help",) or action.help is None:
                continue
            shown = ", ".join(action.option_strings) or str(action.metavar or action.dest)
            lines.append(f"- `{shown}`: {action.help}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _commands(parser: argparse.ArgumentParser, name: str) -> list[tuple[str, argparse.ArgumentParser]]:
    """Every leaf of a parser, with the words that lead to it."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                found += _commands(inner, f"{name} {word}")
    return found or [(name, parser)]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "metrics.md": metrics_page,
    "commands.md": commands_page,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
