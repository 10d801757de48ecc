"""The command line: thin. Each command imports what it needs when it runs, Beam only where it must.

Exit codes: 0 done, 1 failed, 2 bad usage, settings, rules or input. No traceback for a user's mistake.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from connectors.errors import SettingsError, WirewatchError
from pipelines import commands
from pipelines.commands import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FAILED

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    _open_missing_streams()
    arguments, beam_arguments = _split(list(sys.argv[1:] if argv is None else argv))
    parser = build_parser()
    options = parser.parse_args(arguments)
    options.beam_arguments = beam_arguments
    if beam_arguments and not getattr(options, "takes_beam", False):
        parser.error("only items, stories and replay take Beam options after --")
    try:
        command: Command = options.command
        code = command(options)
        # Here, where a full disk can still be told, and not while the interpreter ends.
        sys.stdout.flush()
        return code
    except SettingsError as error:
        print("\n".join(str(fault) for fault in error.faults), file=sys.stderr)
        return EXIT_BAD_INPUT
    except WirewatchError as error:
        print(f"wirewatch: {error}", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        # The reader has had enough.
        _drop_output()
        return EXIT_DONE
    except OSError as error:
        print(f"wirewatch: {error}", file=sys.stderr)
        _drop_output()
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130


def _drop_output() -> None:
    """Have what is still buffered, which has nowhere to go, vanish when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_missing_streams() -> None:
    """A process may be started without standard streams: read nothing and write nowhere then."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  # stays open as long as the process


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Own arguments, and Beam's after --."""
    if "--" not in argv:
        return argv, []
    place = argv.index("--")
    return argv[:place], argv[place + 1 :]


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands: what the docs are checked against."""
    parser = argparse.ArgumentParser(
        prog="wirewatch", description="Many feeds in, one alert out that says who says so."
    )
    group = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (
        _add_processes,
        _add_demo,
        _add_check,
        _add_replay,
        _add_feeds,
        _add_rules,
        _add_names,
        _add_records,
        _add_ops,
    ):
        add(group)
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add(
    group: _Commands, name: str, command: Command, help: str = "", *, takes_beam: bool = False
) -> argparse.ArgumentParser:
    """Add a command; what it says of itself is its function's docstring, where nothing else is given."""
    said = (command.__doc__ or "").strip().rstrip(".")
    help = help or said[:1].lower() + said[1:]
    parser = group.add_parser(name, help=help, description=help)
    parser.set_defaults(command=command, takes_beam=takes_beam)
    return parser


def _add_node_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="settings file (YAML); the defaults without one")
    parser.add_argument("--redis", metavar="URL", help="Redis or Valkey to use instead of the settings' one")
    parser.add_argument("--data-dir", metavar="FOLDER", help="folder of the embedded store, metrics and logs")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))


def _add_processes(group: _Commands) -> None:
    run = _add(group, "run", commands.run)
    _add_node_options(run)
    for name, help in (
        ("poll", "ask the feeds, append their entries"),
        ("items", "entries to items: the first pipeline"),
        ("stories", "items to stories and alerts: the second pipeline"),
        ("deliver", "hand alerts to the sinks"),
        ("desk", "serve the page, the API and the metrics"),
        ("ner", "mark names of items that no list has; off where ner.models names none"),
    ):
        parser = _add(group, name, commands.process, help, takes_beam=name in ("items", "stories"))
        parser.set_defaults(process=name)
        _add_node_options(parser)


def _add_demo(group: _Commands) -> None:
    demo = _add(group, "demo", commands.demo)
    demo.add_argument("--once", action="store_true", help="end with a summary; exit 0 only if all was delivered once")
    demo.add_argument("--port", type=int, default=0, help="port of the page (default: 8765, or a free one)")


def _add_check(group: _Commands) -> None:
    check = _add(group, "check", commands.check)
    check.add_argument("--config", metavar="FILE", help="settings file (YAML)")


def _add_replay(group: _Commands) -> None:
    replay = _add(group, "replay", commands.replay, takes_beam=True)
    replay.add_argument("input", metavar="IN.jsonl", help="entries, one JSON object a line; - for standard input")
    replay.add_argument("--out", required=True, metavar="OUT.jsonl", help="what was decided; - for standard output")
    replay.add_argument("--rules", metavar="FILE-OR-FOLDER", help="rules to match instead of the settings' ones")
    replay.add_argument("--config", metavar="FILE", help="settings file (YAML)")


def _add_feeds(group: _Commands) -> None:
    feeds = group.add_parser("feeds", help="parse, import and export feeds").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    parse = _add(feeds, "parse", commands.feeds_parse)
    parse.add_argument("file", metavar="FILE")
    parse.add_argument("--base-url", default="", metavar="URL", help="where the file came from: relative links need it")
    parse.add_argument("--content-type", default="", help="Content-Type that the server gave")
    imports = _add(feeds, "import", commands.feeds_import)
    imports.add_argument("file", metavar="FILE.opml")
    exports = _add(feeds, "export", commands.feeds_export)
    exports.add_argument("--config", metavar="FILE", help="settings file (YAML)")


_ENTRIES = "entries, one JSON object a line; - for standard input"


def _add_one_rule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rules", metavar="FILE-OR-FOLDER")
    parser.add_argument("name", metavar="NAME", help="name of a rule in it")


def _add_names_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--names",
        action="append",
        default=[],
        metavar="FILE-OR-FOLDER",
        help="lists of names of your own, beside the settings' ones; may be repeated",
    )


def _add_names_and_config(parser: argparse.ArgumentParser) -> None:
    _add_names_option(parser)
    parser.add_argument("--config", metavar="FILE", help="settings file (YAML) with lists of names")


def _add_rules(group: _Commands) -> None:
    rules = group.add_parser("rules", help="check, match and import rules").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    check = _add(rules, "check", commands.rules_check)
    check.add_argument("files", nargs="+", metavar="FILE-OR-FOLDER")
    match = _add(rules, "match", commands.rules_match)
    match.add_argument("rules", metavar="RULES.yaml")
    imports = _add(rules, "import", commands.rules_import)
    imports.add_argument("file", metavar="FILE", help="queries, one a line; - for standard input")
    # Spelled out here: reading the table of dialects would load the query language with every command.
    imports.add_argument("--dialect", required=True, choices=("factiva", "nexis", "meltwater", "lucene"))
    imports.add_argument("--one", action="store_true", help="the whole file is one query")
    imports.add_argument("--name", default="", help="beginning of the rules' names instead of the file's name")
    match.add_argument("input", metavar="IN.jsonl", help=_ENTRIES)
    _add_names_and_config(match)
    explain = _add(rules, "explain", commands.rules_explain)
    _add_one_rule(explain)
    given = explain.add_mutually_exclusive_group(required=True)
    given.add_argument("--text", metavar='"TITLE | TEXT"', help="a text to try it on")
    given.add_argument("--in", dest="input", metavar="IN.jsonl", help=_ENTRIES)
    explain.add_argument("--id", default="", metavar="ID", help="the one entry of IN.jsonl to try it on")
    explain.add_argument("--json", action="store_true", help="one JSON object an entry")
    _add_names_and_config(explain)
    test = _add(rules, "test", commands.rules_test)
    test.add_argument("files", nargs="+", metavar="FILE-OR-FOLDER")
    _add_names_and_config(test)
    lint = _add(rules, "lint", commands.rules_lint)
    lint.add_argument("rules", metavar="FILE-OR-FOLDER")
    measured = lint.add_mutually_exclusive_group()
    measured.add_argument("--in", dest="input", default="", metavar="IN.jsonl", help=f"measure them on {_ENTRIES}")
    measured.add_argument("--kept", action="store_true", help="measure them on the items that the node keeps")
    lint.add_argument("--strict", action="store_true", help="exit with 1 where there is a warning")
    _add_names_option(lint)
    _add_node_options(lint)
    backtest = _add(rules, "backtest", commands.rules_backtest)
    _add_one_rule(backtest)
    backtest.add_argument(
        "--in",
        dest="input",
        default="",
        metavar="IN.jsonl",
        help=f"{_ENTRIES}; the items that the node keeps without it",
    )
    backtest.add_argument("--days", type=_count, default=14, help="how many of its last days count (default: 14)")
    backtest.add_argument(
        "--against", default="", metavar="FILE-OR-FOLDER", help="rules with another version: what is gained and lost"
    )
    _add_names_option(backtest)
    _add_node_options(backtest)
    entities = _add(group, "entities", commands.entities)
    entities.add_argument("input", metavar="IN.jsonl", help='{"id","text","language"} a line; - for standard input')
    _add_names_option(entities)
    entities.add_argument("--config", metavar="FILE", help="settings file (YAML): its lists of names, its models")
    entities.add_argument(
        "--ner",
        action="store_true",
        help="also names that no list has, marked by ner.models of the settings in the first ner.lead_characters",
    )
    entities.add_argument("--explain", action="store_true", help="also say why each was linked")
    evaluations = group.add_parser("eval", help="measure against labelled data").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    evaluated = _add(evaluations, "entities", commands.eval_entities)
    evaluated.add_argument(
        "input", metavar="DATA.jsonl", help='{"id","text","language","entities":[{"id","kind","start","end"}]} a line'
    )
    evaluated.add_argument("--mistakes", action="store_true", help="also print every text with a mistake")


def _add_names(group: _Commands) -> None:
    names = group.add_parser("names", help="check lists of names of your own").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    lint = _add(names, "lint", commands.names_lint)
    lint.add_argument("files", nargs="+", metavar="FILE-OR-FOLDER")
    lint.add_argument("--in", dest="input", default="", metavar="IN.jsonl", help=f"count common words in {_ENTRIES}")


def _add_records(group: _Commands) -> None:
    dead = group.add_parser("dead", help="list and retry dead letters").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    listed = _add(dead, "list", commands.dead_list)
    listed.add_argument("--limit", type=_count, default=100, metavar="COUNT", help="most that are printed")
    _add_node_options(listed)
    retried = _add(dead, "retry", commands.dead_retry)
    retried.add_argument("ids", nargs="*", metavar="ID", help="ids as `dead list` prints them")
    retried.add_argument("--all", action="store_true", help="all of them")
    _add_node_options(retried)
    why = _add(group, "why", commands.why)
    why.add_argument("url", metavar="URL")
    _add_node_options(why)


def _add_ops(group: _Commands) -> None:
    sinks = group.add_parser("sinks", help="look after sinks").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    enable = _add(sinks, "enable", commands.sinks_enable)
    enable.add_argument("name", metavar="NAME")
    _add_node_options(enable)


def _count(text: str) -> int:
    """A count of at least one. Errors: ArgumentTypeError."""
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) == 0:
        raise argparse.ArgumentTypeError("expected a whole number from 1 to 999999999")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
