"""The command line: thin. Each command imports what it needs when it runs, Beam only where it must.

Exit codes: 0 done, 1 failed, 2 bad usage, settings, rules or input. No traceback for a user's mistake.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from connectors.errors import SettingsError, WirewatchError

if TYPE_CHECKING:
    from pipelines.settings import Settings

EXIT_DONE, EXIT_FAILED, EXIT_BAD_INPUT = 0, 1, 2
# Longest file that feeds parse reads; far above what the poller takes.
_FEED_BYTES_LIMIT = 256 * 1024 * 1024
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
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (_add_processes, _add_demo, _add_check, _add_replay, _add_feeds, _add_rules, _add_records, _add_ops):
        add(commands)
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add(
    commands: _Commands, name: str, command: Command, help: str, *, takes_beam: bool = False
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(command=command, takes_beam=takes_beam)
    return parser


def _add_node_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="settings file (YAML); the defaults without one")
    parser.add_argument("--redis", metavar="URL", help="Redis or Valkey to use instead of the settings' one")
    parser.add_argument("--data-dir", metavar="FOLDER", help="folder of the embedded store, metrics and logs")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))


def _add_processes(commands: _Commands) -> None:
    run = _add(commands, "run", _run, "start everything on this node; an embedded store where no Redis is given")
    _add_node_options(run)
    for name, help in (
        ("poll", "ask the feeds, append their entries"),
        ("items", "entries to items: the first pipeline"),
        ("stories", "items to stories and alerts: the second pipeline"),
        ("deliver", "hand alerts to the sinks"),
        ("desk", "serve the page, the API and the metrics"),
    ):
        parser = _add(commands, name, _process, help, takes_beam=name in ("items", "stories"))
        parser.set_defaults(process=name)
        _add_node_options(parser)


def _add_demo(commands: _Commands) -> None:
    demo = _add(commands, "demo", _demo, "play the bundled scenario through the whole system")
    demo.add_argument("--once", action="store_true", help="end with a summary; exit 0 only if all was delivered once")
    demo.add_argument("--port", type=int, default=0, help="port of the page (default: 8765, or a free one)")


def _add_check(commands: _Commands) -> None:
    check = _add(commands, "check", _check, "read settings, rules and feed lists; print every mistake")
    check.add_argument("--config", metavar="FILE", help="settings file (YAML)")


def _add_replay(commands: _Commands) -> None:
    replay = _add(
        commands, "replay", _replay, "send an archive through both pipelines; one line per entry", takes_beam=True
    )
    replay.add_argument("input", metavar="IN.jsonl", help="entries, one JSON object a line; - for standard input")
    replay.add_argument("--out", required=True, metavar="OUT.jsonl", help="what was decided; - for standard output")
    replay.add_argument("--rules", metavar="FILE-OR-FOLDER", help="rules to match instead of the settings' ones")
    replay.add_argument("--config", metavar="FILE", help="settings file (YAML)")


def _add_feeds(commands: _Commands) -> None:
    feeds = commands.add_parser("feeds", help="parse, import and export feeds").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    parse = _add(feeds, "parse", _feeds_parse, "parse a feed file and print what it holds as JSON")
    parse.add_argument("file", metavar="FILE")
    parse.add_argument("--base-url", default="", metavar="URL", help="where the file came from: relative links need it")
    parse.add_argument("--content-type", default="", help="Content-Type that the server gave")
    imports = _add(feeds, "import", _feeds_import, "turn OPML into a feed list (YAML on standard output)")
    imports.add_argument("file", metavar="FILE.opml")
    exports = _add(feeds, "export", _feeds_export, "write the configured feeds as OPML on standard output")
    exports.add_argument("--config", metavar="FILE", help="settings file (YAML)")


def _add_rules(commands: _Commands) -> None:
    rules = commands.add_parser("rules", help="check and match rules").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    check = _add(rules, "check", _rules_check, "read rule files; print every mistake")
    check.add_argument("files", nargs="+", metavar="FILE-OR-FOLDER")
    match = _add(rules, "match", _rules_match, "match entries against rules; one line per entry")
    match.add_argument("rules", metavar="RULES.yaml")
    match.add_argument("input", metavar="IN.jsonl", help="entries, one JSON object a line; - for standard input")
    entities = _add(commands, "entities", _entities, "find entities in texts; one line per text")
    entities.add_argument("input", metavar="IN.jsonl", help='{"id","text","language"} a line; - for standard input')


def _add_records(commands: _Commands) -> None:
    dead = commands.add_parser("dead", help="list and retry dead letters").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    listed = _add(dead, "list", _dead_list, "print dead letters as JSON lines, newest first")
    listed.add_argument("--limit", type=_count, default=100, metavar="COUNT", help="most that are printed")
    _add_node_options(listed)
    retried = _add(dead, "retry", _dead_retry, "put dead letters back where they came from")
    retried.add_argument("ids", nargs="*", metavar="ID", help="ids as `dead list` prints them")
    retried.add_argument("--all", action="store_true", help="all of them")
    _add_node_options(retried)
    why = _add(commands, "why", _why, "say what became of a link")
    why.add_argument("url", metavar="URL")
    _add_node_options(why)


def _add_ops(commands: _Commands) -> None:
    sinks = commands.add_parser("sinks", help="look after sinks").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    enable = _add(sinks, "enable", _sinks_enable, "let a sink that its receiver disabled be served again")
    enable.add_argument("name", metavar="NAME")
    _add_node_options(enable)


def _count(text: str) -> int:
    """A count of at least one. Errors: ArgumentTypeError."""
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) == 0:
        raise argparse.ArgumentTypeError("expected a whole number from 1 to 999999999")
    return int(text)


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


def _run(options: argparse.Namespace) -> int:
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


def _process(options: argparse.Namespace) -> int:
    settings = _settings(options)
    url = _redis_url(settings)
    _enter(options, settings, options.process)
    from pipelines import node

    if options.process in ("items", "stories"):
        from pipelines.serve import serve

        serve(options.process, settings, url, options.beam_arguments)
        return EXIT_DONE
    return {"poll": node.serve_poll, "deliver": node.serve_deliver, "desk": node.serve_desk}[options.process](
        settings, url
    )


def _demo(options: argparse.Namespace) -> int:
    import asyncio
    import signal

    from pipelines.demo.run import run_demo

    # Ended like Ctrl-C ends it: the system that it started must not outlive it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return asyncio.run(run_demo(once=options.once, port=options.port))


def _check(options: argparse.Namespace) -> int:
    from pipelines.check import check_files

    print(check_files(_settings(options)))
    return EXIT_DONE


def _replay(options: argparse.Namespace) -> int:
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


def _feeds_parse(options: argparse.Namespace) -> int:
    import json

    from connectors.feeds.parse import parse_feed
    from connectors.feeds.parsed import parsed_json
    from connectors.settings import read_bytes

    raw = read_bytes(options.file, _FEED_BYTES_LIMIT)
    parsed = parse_feed(raw, base_url=options.base_url, content_type=options.content_type)
    print(json.dumps(parsed_json(parsed), ensure_ascii=False))
    return EXIT_DONE


def _feeds_import(options: argparse.Namespace) -> int:
    from connectors.feeds.catalogue import OPML_SIZE_LIMIT, catalogue_yaml
    from connectors.feeds.opml import read_opml
    from connectors.settings import read_bytes

    print(catalogue_yaml(read_opml(read_bytes(options.file, OPML_SIZE_LIMIT), options.file)), end="")
    return EXIT_DONE


def _feeds_export(options: argparse.Namespace) -> int:
    from connectors.feeds.catalogue import load_feeds
    from connectors.feeds.opml import write_opml

    sys.stdout.buffer.write(write_opml(load_feeds(_settings(options).feeds)))
    return EXIT_DONE


def _rules_check(options: argparse.Namespace) -> int:
    from pipelines.rules.load import load_rules

    rules = load_rules(tuple(options.files))
    print(f"{len(rules)} rules, no mistakes")
    return EXIT_DONE


def _rules_match(options: argparse.Namespace) -> int:
    from pipelines.rules.command import match_file

    return match_file(options.rules, options.input)


def _entities(options: argparse.Namespace) -> int:
    from pipelines.entities.command import entities_of_file

    return entities_of_file(options.input)


def _dead_list(options: argparse.Namespace) -> int:
    from pipelines.records import print_dead

    return print_dead(_redis_url(_settings(options)), options.limit)


def _dead_retry(options: argparse.Namespace) -> int:
    from pipelines.records import retry_letters

    return retry_letters(_redis_url(_settings(options)), options.ids, everything=options.all)


def _why(options: argparse.Namespace) -> int:
    import json

    from pipelines.why import explain

    settings = _settings(options)
    print(json.dumps(explain(_redis_url(settings), options.url, settings), ensure_ascii=False, indent=2))
    return EXIT_DONE


def _sinks_enable(options: argparse.Namespace) -> int:
    from pipelines.records import enable

    return enable(_redis_url(_settings(options)), options.name)


if __name__ == "__main__":
    sys.exit(main())
