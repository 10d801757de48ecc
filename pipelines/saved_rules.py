"""Rules that people save from the page, kept in Redis with author, instant and history.

What a rule says is not looked at here: ``shelf.py`` reads it, by the reader of rules files.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

import redis

from connectors.codec import UnreadableRecordError, decode, encode
from connectors.errors import RetryableError, WirewatchError
from connectors.log import names
from connectors.records import SCHEMA
from pipelines.rules.model import Severity

_TRIES = 10


@dataclass(frozen=True, slots=True)
class SavedRule:
    """One revision of a rule that was saved, or the mark that somebody deleted it."""

    name: str
    query: str
    severity: Severity
    languages: tuple[str, ...]
    routes: tuple[str, ...]
    author: str
    saved_at: datetime
    # From 1, and on over deletions.
    revision: int = 0
    is_deleted: bool = False
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class Saved:
    """All saved rules as they were at one time."""

    # By which a later look knows that nothing changed.
    change: bytes | None = None
    rules: Mapping[str, SavedRule] = field(default_factory=dict)
    # Names of records that another version wrote, and why they cannot be read.
    unreadable: Mapping[str, str] = field(default_factory=dict)


class ChangedMeanwhileError(WirewatchError):
    """Somebody else changed the rule after it was read; nothing was written."""

    def __init__(self, name: str, last: SavedRule | None) -> None:
        # The revision that stands now, or the deletion; None for a rule that there never was.
        self.last = last
        if last is None:
            told = "there is no such rule"
        else:
            did = "deleted" if last.is_deleted else "changed"
            told = f"{did} by {last.author} at {last.saved_at:%Y-%m-%d %H:%M:%S} UTC meanwhile"
        super().__init__(f"{name}: {told}; nothing was saved")


class SavedRules:
    """The saved rules of one store. Safe to use from several threads. Errors: redis.RedisError, everywhere."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def read(self, known: Saved | None = None) -> Saved:
        """Read all, unless they are those that are known."""
        # First: a change between the two is seen at the next look.
        change = cast("bytes | None", self.client.get(names.RULES_CHANGE))
        if known is not None and known.change == change:
            return known
        rules, unreadable = {}, {}
        for raw_name, raw in sorted(cast("dict[bytes, bytes]", self.client.hgetall(names.RULES)).items()):
            name = raw_name.decode("utf-8", "replace")
            try:
                rules[name] = decode(SavedRule, raw)
            except UnreadableRecordError as error:
                unreadable[name] = str(error)
        return Saved(change, rules, unreadable)

    def history(self, name: str) -> tuple[SavedRule, ...]:
        """Give every revision of a rule, deletions among them, the newest first."""
        raws = cast("list[bytes]", self.client.lrange(names.rule_history(name), 0, -1))
        found = (_decoded(raw) for raw in reversed(raws))
        return tuple(rule for rule in found if rule is not None)

    def save(self, rule: SavedRule, seen: int) -> SavedRule:
        """Save a rule over the revision ``seen``, 0 for a new one; gives it with its own revision.

        Errors: ChangedMeanwhileError where another revision stands.
        """
        return self._write(rule, seen)

    def delete(self, name: str, author: str, at: datetime, seen: int) -> SavedRule:
        """Delete a rule of the revision ``seen``; its history stays. Errors: as ``save``."""
        return self._write(SavedRule(name, "", Severity.LOW, (), (), author, at, is_deleted=True), seen)

    def _write(self, rule: SavedRule, seen: int) -> SavedRule:
        history = names.rule_history(rule.name)
        for _ in range(_TRIES):
            with self.client.pipeline(transaction=True) as opened:
                transaction: Any = opened  # redis-py's pipeline is half typed
                transaction.watch(names.RULES, history)
                now = _decoded(transaction.hget(names.RULES, rule.name))
                last = _decoded(transaction.lindex(history, -1))
                if (now.revision if now else 0) != seen or (rule.is_deleted and not seen):
                    if last is not None and last.revision == seen + 1 and _is_same(last, rule):
                        return last  # written before, and the answer was lost
                    raise ChangedMeanwhileError(rule.name, now or last)
                made = replace(rule, revision=(last.revision if last else 0) + 1)
                if rule.is_deleted and now is not None:
                    # What was deleted is told with the deletion.
                    made = replace(
                        now, author=rule.author, saved_at=rule.saved_at, revision=made.revision, is_deleted=True
                    )
                transaction.multi()
                if made.is_deleted:
                    transaction.hdel(names.RULES, rule.name)
                else:
                    transaction.hset(names.RULES, rule.name, encode(made))
                transaction.rpush(history, encode(made))
                transaction.set(names.RULES_CHANGE, secrets.token_hex(8))
                try:
                    transaction.execute()
                except redis.WatchError:
                    continue  # somebody wrote, perhaps another rule
                return made
        raise RetryableError("too many people save at this moment; nothing was saved, try again")


def _decoded(raw: bytes | None) -> SavedRule | None:
    """Decode a record; one of another version counts as none, so that it can be written over."""
    try:
        return decode(SavedRule, raw) if raw is not None else None
    except UnreadableRecordError:
        return None


def _is_same(one: SavedRule, other: SavedRule) -> bool:
    if one.is_deleted and other.is_deleted:
        return one.author == other.author
    return replace(one, saved_at=other.saved_at, revision=other.revision) == other
