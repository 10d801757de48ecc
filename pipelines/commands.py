"""What each command does: imports what it needs when it runs, Beam only where it must.

Each gives the exit code. Errors: SettingsError for what the user wrote, WirewatchError for the rest.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from pipelines.entities.table import Starts
    from pipelines.rules.items import TriedItem
    from pipelines.settings import Settings

EXIT_DONE, EXIT_FAILED, EXIT_BAD_INPUT = 0, 1, 2
# Longest file that feeds parse reads; far above what the poller takes.
_FEED_BYTES_LIMIT = 256 * 1024 * 1024


def _settings(options: argparse.Namespace) -> Settings:
    """Settings of a command, its own options on top."""
    from dataclasses import replace

    from pipelines.settings import load_settings

    settings = load_settings(options.config)
    if getattr(options, "data_dir", None):
        settings = replace(settings, data_dir=options.data_dir)
    if getattr(options, "redis", None):
        from connectors.errors import Fault
        from connectors.log.connect import check_url

        if problem := check_url(options.redis):
            raise SettingsError([Fault("--redis", 0, "", problem)])
        settings = replace(settings, redis=options.redis)
    return settings


def _name_files(options: argparse.Namespace) -> tuple[str, ...]:
    """A desk's own lists of names: the settings' ones, and those that are named beside them."""
    return (*_settings(options).names, *options.names)


def _starts(options: argparse.Namespace) -> Starts:
    """The names to find, those of the desk's own lists among them. Errors: SettingsError with every fault."""
    from pipelines.entities.own import read_own, starts_of

    return starts_of(read_own(_name_files(options)))


def _redis_url(settings: Settings) -> str:
    """URL of the store that a running node uses."""
    from pipelines.embedded import EmbeddedStore

    return settings.redis or EmbeddedStore(Path(settings.data_dir)).url


def _enter(options: argparse.Namespace, settings: Settings, process: str) -> None:
    """Set logging up, and metrics before anything imports prometheus_client. Errors: SettingsError."""
    metrics = Path(settings.data_dir) / "metrics"
    try:
        metrics.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        from connectors.errors import Fault

        what = f"expected a folder that can be written to: {error.strerror}"
        raise SettingsError([Fault(settings.data_dir, 0, "data_dir", what)]) from error
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics.resolve())
    from pipelines import logs

    logs.set_up(process, level=options.log_level)


def run(options: argparse.Namespace) -> int:
    """Start everything on this node; an embedded store where no Redis is given."""
    settings = _settings(options)
    if code := _checked_apart(options):
        return code
    _enter(options, settings, "run")
    from pipelines.node import run_node

    return run_node(settings, config=options.config, log_level=options.log_level)


def _checked_apart(options: argparse.Namespace) -> int:
    """Check what people wrote in a process that ends: the supervisor lives long and stays small."""
    import subprocess

    check = [sys.executable, "-m", "pipelines.cli", "check"]
    if options.config:
        check += ["--config", options.config]
    return subprocess.run(check, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False).returncode


def process(options: argparse.Namespace) -> int:
    """Serve one process of a node: the poller, a pipeline, delivery, the desk or the lane for unlisted names."""
    settings = _settings(options)
    url = _redis_url(settings)
    _enter(options, settings, options.process)
    from pipelines import node

    if options.process in ("items", "stories"):
        from pipelines.serve import serve

        serve(options.process, settings, url, options.beam_arguments)
        return EXIT_DONE
    serves = {"poll": node.serve_poll, "deliver": node.serve_deliver, "desk": node.serve_desk, "ner": node.serve_ner}
    return serves[options.process](settings, url)


def demo(options: argparse.Namespace) -> int:
    """Play the bundled scenario through the whole system."""
    import asyncio
    import signal

    from pipelines.demo.run import run_demo

    # Ended like Ctrl-C ends it: the system that it started must not outlive it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return asyncio.run(run_demo(once=options.once, port=options.port))


def check(options: argparse.Namespace) -> int:
    """Read settings, rules and feed lists; print every mistake."""
    from pipelines.check import check_files

    print(check_files(_settings(options)))
    return EXIT_DONE


def replay(options: argparse.Namespace) -> int:
    """Send an archive through both pipelines; one line per entry."""
    import signal

    from pipelines import logs

    logs.set_up("replay", level="warning")
    from pipelines.replay import replay_files

    settings, is_stopped = _settings(options), False

    def stop(*_: object) -> None:
        nonlocal is_stopped
        is_stopped = True
        logs.silence()
        raise KeyboardInterrupt

    # Either way the throw-away store is stopped and its folder removed.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, stop)
    try:
        return replay_files(options.input, options.out, settings, options.rules, options.beam_arguments)
    except Exception:
        if is_stopped:
            # Beam tells of the interrupt as of a failure.
            raise KeyboardInterrupt from None
        raise


def feeds_parse(options: argparse.Namespace) -> int:
    """Parse a feed file and print what it holds as JSON."""
    import json

    from connectors.feeds.parse import parse_feed
    from connectors.feeds.parsed import parsed_json
    from connectors.settings import read_bytes

    raw = read_bytes(options.file, _FEED_BYTES_LIMIT)
    parsed = parse_feed(raw, base_url=options.base_url, content_type=options.content_type)
    print(json.dumps(parsed_json(parsed), ensure_ascii=False))
    return EXIT_DONE


def feeds_import(options: argparse.Namespace) -> int:
    """Turn OPML into a feed list (YAML on standard output)."""
    from connectors.feeds.catalogue import OPML_SIZE_LIMIT, catalogue_yaml
    from connectors.feeds.opml import read_opml
    from connectors.settings import read_bytes

    print(catalogue_yaml(read_opml(read_bytes(options.file, OPML_SIZE_LIMIT), options.file)), end="")
    return EXIT_DONE


def feeds_export(options: argparse.Namespace) -> int:
    """Write the configured feeds as OPML on standard output."""
    from connectors.feeds.catalogue import load_feeds
    from connectors.feeds.opml import write_opml

    sys.stdout.buffer.write(write_opml(load_feeds(_settings(options).feeds)))
    return EXIT_DONE


def rules_check(options: argparse.Namespace) -> int:
    """Read rule files; print every mistake."""
    from pipelines.rules.load import load_rules

    rules = load_rules(tuple(options.files))
    print(f"{len(rules)} rules, no mistakes")
    return EXIT_DONE


def rules_match(options: argparse.Namespace) -> int:
    """Match entries against rules; one line per entry."""
    from pipelines.rules.command import match_file

    return match_file(options.rules, options.input, _starts(options))


def rules_import(options: argparse.Namespace) -> int:
    """Turn queries of another vendor into rules (YAML on standard output)."""
    from pipelines.rules.importing import import_file

    return import_file(options.dialect, options.file, is_one=options.one, name=options.name)


def rules_explain(options: argparse.Namespace) -> int:
    """Show which parts of a rule hold for a text or for entries, by which words, and what a miss lacks."""
    from pipelines.rules.workbench import explain_entries, explain_text

    rules, name, starts = options.rules, options.name, _starts(options)
    if options.text is not None:
        return explain_text(rules, name, options.text, as_json=options.json, starts=starts)
    return explain_entries(rules, name, options.input, options.id, as_json=options.json, starts=starts)


def rules_test(options: argparse.Namespace) -> int:
    """Try rules on the texts written beside them; print each failure and why."""
    from pipelines.rules.workbench import try_files

    return EXIT_FAILED if try_files(options.files, _starts(options)) else EXIT_DONE


def rules_lint(options: argparse.Namespace) -> int:
    """Warn of what is hardly meant in rules; measure them on an archive or on what a node keeps."""
    from pipelines.rules.workbench import lint_files

    count = lint_files(options.rules, _tried_items(options) if options.input or options.kept else None)
    return EXIT_FAILED if count and options.strict else EXIT_DONE


def rules_backtest(options: argparse.Namespace) -> int:
    """Tell what a rule would have found in what a node keeps, or in an archive, and what another version does."""
    from pipelines.backtest import print_backtest

    source = _tried_items(options)
    return print_backtest(options.rules, options.name, source, days=options.days, against=options.against)


def _tried_items(options: argparse.Namespace) -> AbstractContextManager[Iterator[TriedItem]]:
    """Items of the archive that is named, else those that the node keeps."""
    if options.input:
        from pipelines.rules.items import archived_items

        return archived_items(options.input, _starts(options))
    from pipelines.kept import kept_items

    return kept_items(_redis_url(_settings(options)), _name_files(options))


def names_lint(options: argparse.Namespace) -> int:
    """Check a desk's own lists of names; print every mistake, or what they hold."""
    from pipelines.entities.lint import lint_lists

    return lint_lists(options.files, options.input)


def entities(options: argparse.Namespace) -> int:
    """Find entities in texts; one line per text."""
    from pipelines.entities.command import entities_of_file

    mark = None
    if options.ner:
        from pipelines.ner.models import marker

        mark = marker(_settings(options).ner)
    return entities_of_file(options.input, _starts(options), mark, explain=options.explain)


def eval_entities(options: argparse.Namespace) -> int:
    """Measure what is found against a labelled file: precision, recall and F1 by id and span."""
    from pipelines.entities.evaluate import evaluate_file

    return evaluate_file(options.input, options.mistakes)


def dead_list(options: argparse.Namespace) -> int:
    """Print dead letters as JSON lines, newest first."""
    from pipelines.records import print_dead

    return print_dead(_redis_url(_settings(options)), options.limit)


def dead_retry(options: argparse.Namespace) -> int:
    """Put dead letters back where they came from."""
    from pipelines.records import retry_letters

    return retry_letters(_redis_url(_settings(options)), options.ids, everything=options.all)


def why(options: argparse.Namespace) -> int:
    """Say what became of a link."""
    import json

    from pipelines.why import explain

    settings = _settings(options)
    print(json.dumps(explain(_redis_url(settings), options.url, settings), ensure_ascii=False, indent=2))
    return EXIT_DONE


def sinks_enable(options: argparse.Namespace) -> int:
    """Let a sink that its receiver disabled be served again."""
    from pipelines.records import enable

    return enable(_redis_url(_settings(options)), options.name)
