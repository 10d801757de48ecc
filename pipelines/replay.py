"""Replays an archive through both real pipelines on a throw-away store: one line per entry, in input order.

Streams: parts of some thousand entries go through one after the other, so memory does not grow with
the archive. One shard, so that the order of the input is the order of the decisions.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import IO, Any, cast

import msgspec
import redis
from tqdm import tqdm

from connectors.codec import decode, encode
from connectors.errors import Fault, SettingsError, reason_of
from connectors.feeds.catalogue import load_feeds
from connectors.log import names
from connectors.log.connect import connect
from pipelines.archive import ArchiveEntry, opened, read_archive
from pipelines.embedded import throw_away_store
from pipelines.graph import build_items, build_stories
from pipelines.memory import read_place, read_words
from pipelines.model import Trace
from pipelines.rules.load import load_rules
from pipelines.serve import items_options, run_once, stories_options
from pipelines.settings import Settings, rule_files

_PART_ENTRIES = 4000
_SHARD = names.entries_stream(0)
_FIRST_IDS = "replay:first-ids"


def replay_files(source: str, target: str, settings: Settings, rules: str | None, beam_arguments: Sequence[str]) -> int:
    """Replay a file into a file ("-": standard input or output); gives the exit code.

    Errors: SettingsError for rules with mistakes, or input that is no archive, naming the line.
    """
    if rules is not None:
        settings = replace(settings, rules=(rules,))
    # Before the output is emptied, and before a worker of Beam's meets the mistake in its own way.
    load_rules(rule_files(settings))
    if target != "-" and _is_same_file(source, target):
        raise SettingsError([Fault(target, 0, "", "expected another file than the input")])
    with opened(source) as lines, _opened_output(target) as out, throw_away_store() as url:
        progress = tqdm(unit=" entries", disable=not sys.stderr.isatty())
        for result in replay(read_archive(lines, source), settings, url, beam_arguments):
            out.write(msgspec.json.encode(result).decode() + "\n")
            progress.update()
        progress.close()
    return 0


def _is_same_file(source: str, target: str) -> bool:
    try:
        return source != "-" and os.path.samefile(source, target)
    except (OSError, ValueError):
        return False  # one of them is not there; opening it says so


@contextmanager
def _opened_output(name: str) -> Iterator[IO[str]]:
    if name == "-":
        yield sys.stdout
        return
    try:
        file = open(name, "w", encoding="utf-8")  # noqa: SIM115  # closed below, whichever way it was opened
    except (OSError, ValueError) as error:
        raise SettingsError([Fault(name, 0, "", f"cannot be opened: {reason_of(error)}")]) from error
    with file:
        yield file


def replay(
    entries: Iterable[ArchiveEntry], settings: Settings, redis_url: str, beam_arguments: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """Send entries through both pipelines on the store at ``redis_url``; a result per entry, in order."""
    # Nothing is kept for later readers: the store must not grow with the archive.
    settings = replace(settings, items=replace(settings.items, retained_items=0))
    source = {"until_idle": True, "block_ms": 1}
    # Rules and names are those of files: the throw-away store holds no others.
    items = replace(
        items_options(settings, redis_url, **source),
        groups=((_SHARD,),),
        trace=True,
        saved_rules_url="",
        saved_names_url="",
    )
    feeds = load_feeds(settings.feeds)
    # Without ticks: the clock is the archive's.
    stories = replace(
        stories_options(settings, redis_url, feeds, tick_seconds=0.0, **source), trace=True, saved_rules_url=""
    )
    client = connect(redis_url)
    entries = iter(entries)
    while part := list(islice(entries, _PART_ENTRIES)):
        origins = _append(client, part)
        run_once(partial(build_items, options=items), beam_arguments)
        run_once(partial(build_stories, options=stories), beam_arguments)
        traces = _traces(client)
        decided = [(entry, traces[origin]) for entry, origin in zip(part, origins, strict=True)]
        first_ids, stories_of = _first_ids(client, decided), _stories_of(client, decided)
        for entry, both in decided:
            yield _result(entry, both, first_ids, stories_of)
        client.delete(names.TRACE, names.EVENTS, names.OUTBOX)
        for stream in (_SHARD, names.ITEMS):
            client.xtrim(stream, maxlen=0)
    client.close()


def _append(client: redis.Redis, part: Sequence[ArchiveEntry]) -> list[str]:
    """Append a part to the one shard; the origin of each entry."""
    with client.pipeline(transaction=False) as batch:
        for entry in part:
            batch.xadd(_SHARD, {names.FIELD: encode(entry.entry)})
        return [f"{_SHARD} {raw.decode()}" for raw in cast("list[bytes]", batch.execute())]


def _traces(client: redis.Redis) -> dict[str, dict[str, Trace]]:
    """What each pipeline decided, by origin and stage."""
    found: dict[str, dict[str, Trace]] = {}
    for _, fields in cast("list[Any]", client.xrange(names.TRACE)):
        trace = decode(Trace, fields[names.FIELD])
        found.setdefault(trace.origin, {})[trace.stage] = trace
    return found


def _first_ids(client: redis.Redis, decided: Sequence[tuple[ArchiveEntry, dict[str, Trace]]]) -> dict[str, str]:
    """Which entry the words of each item of a part came with first. Kept in the store, not here."""
    items = [(entry.id, item) for entry, traces in decided if (item := traces["items"].item) is not None]
    if not items:
        return {}
    with client.pipeline(transaction=False) as batch:
        for entry_id, item in items:
            batch.hsetnx(_FIRST_IDS, item.fingerprint, entry_id)
        batch.execute()
    wanted = list(dict.fromkeys(item.fingerprint for _, item in items))
    raws = cast("list[bytes | None]", client.hmget(_FIRST_IDS, wanted))
    return {words: raw.decode() for words, raw in zip(wanted, raws, strict=True) if raw is not None}


def _stories_of(client: redis.Redis, decided: Sequence[tuple[ArchiveEntry, dict[str, Trace]]]) -> dict[str, str]:
    """Stories of the items that the items pipeline had seen before: their pages, or their words, were placed then."""
    seen = {
        item.item_id: item.fingerprint
        for _, traces in decided
        if "stories" not in traces and (item := traces["items"].item) is not None
    }
    found = _placed(client, {item_id: item_id for item_id in seen})
    unplaced = {item_id: words for item_id, words in seen.items() if item_id not in found}
    if not unplaced:
        return found
    raws = cast("list[bytes | None]", client.mget([names.words(words) for words in unplaced.values()]))
    known = zip(unplaced, raws, strict=True)
    firsts = {item_id: read_words(raw.decode())[0] for item_id, raw in known if raw is not None}
    return found | _placed(client, firsts)


def _placed(client: redis.Redis, wanted: dict[str, str]) -> dict[str, str]:
    """Stories of items that stand for others, by the others."""
    if not wanted:
        return {}
    raws = cast("list[bytes | None]", client.mget([names.place(item_id) for item_id in wanted.values()]))
    return {key: read_place(raw).story_id for key, raw in zip(wanted, raws, strict=True) if raw is not None}


def _result(
    entry: ArchiveEntry, traces: dict[str, Trace], first_ids: dict[str, str], stories_of: dict[str, str]
) -> dict[str, Any]:
    """One line of the output."""
    of_items, of_stories = traces["items"], traces.get("stories")
    final = of_stories or of_items
    item = of_items.item
    # An edit of a copy stays nobody's own voice, but repeats no text.
    first_id = first_ids.get(item.fingerprint) if item and of_stories and of_stories.copy_of else None
    return {
        "id": entry.id,
        "outcome": str(final.outcome),
        "reason": final.reason or None,
        "item_id": item.item_id if item else None,
        "story_id": (of_stories.story_id if of_stories else stories_of.get(item.item_id) if item else None) or None,
        "copy_of": first_id if first_id != entry.id else None,
        "language": (item.language or None) if item else None,
        "rules": [match.rule for match in item.matches] if item else [],
        "entities": [
            {
                "id": each.id,
                "kind": each.kind,
                "field": each.field,
                "start": each.start,
                "end": each.end,
                "text": each.text,
            }
            for each in item.entities
        ]
        if item
        else [],
        "alerts": [
            {
                "alert_id": alert.alert_id,
                "rule": alert.rule,
                "revision": alert.revision,
                "state": str(alert.state),
                "flags": list(alert.flags),
                "interests": list(alert.interests),
                "independent": alert.independent,
            }
            for alert in of_stories.alerts
        ]
        if of_stories
        else [],
    }
