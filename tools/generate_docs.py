"""Writes the reference pages from the declarations they describe: settings, metrics, commands, outcomes.

``python -m tools.generate_docs`` writes them; a test fails where a page differs from its declaration.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

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
    lines += [f"| `{each.name}` | {each.kind} | {_cell(each.default)} | {_cell(each.help)} |" for each in declared(Settings)]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """Every metric that any process exports."""
    import connectors.feeds.telemetry
    import connectors.log.telemetry
    import connectors.sinks.telemetry
    import desk.telemetry
    import pipelines.telemetry  # noqa: F401
    from desk.metrics import STORE_METRICS
    from prometheus_client import REGISTRY

    rows = {}
    for family in REGISTRY.collect():
        if not family.name.startswith("wirewatch_"):
            continue
        labels = sorted({name for sample in family.samples for name in sample.labels if name not in ("le", "pid")})
        name = f"{family.name}_total" if family.type == "counter" else family.name
        rows[name] = (family.type, ", ".join(labels), family.documentation)
    rows |= {each.name: (each.kind, ", ".join(each.labels), each.help) for each in STORE_METRICS}
    lines = [
        "# Metrics",
        "",
        "One `/metrics` for the whole node, served by the desk: the counters of all processes, and figures read from",
        "the store when it is scraped. `wirewatch_outcomes` and `wirewatch_records_read` are exact: they are written in",
        "the same transaction as what they count. Labels come from closed sets; no URL, title or error text is one.",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{name}` | {kind} | {labels} | {_cell(text)} |" for name, (kind, labels, text) in sorted(rows.items())]
    return "\n".join(lines) + "\n"


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
