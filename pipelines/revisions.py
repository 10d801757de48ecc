"""Records that people save from the page: kept in Redis with author, instant and history, never written over unseen."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

import redis

from connectors.codec import UnreadableRecordError, decode, encode
from connectors.errors import Fault, RetryableError, SettingsError, WirewatchError
from connectors.log.log import is_away

# What stands in place of a file for what stands in none.
SAVED = "saved"
AUTHOR_LIMIT = 80
_TRIES = 10


class Revised(Protocol):
    """A frozen dataclass: one revision of something that was saved, or the mark that somebody deleted it."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def name(self) -> str:
        """By which it is found."""

    @property
    def author(self) -> str:
        """Who saved or deleted it."""

    @property
    def saved_at(self) -> datetime:
        """When."""

    @property
    def revision(self) -> int:
        """From 1, and on over deletions."""

    @property
    def is_deleted(self) -> bool:
        """Whether this is the mark of a deletion."""


T = TypeVar("T", bound=Revised)


@dataclass(frozen=True, slots=True)
class Saved(Generic[T]):
    """All that is saved, as it was at one time."""

    # By which a later look knows that nothing changed.
    change: bytes | None = None
    records: Mapping[str, T] = field(default_factory=dict)
    # Names of records that another version wrote, and why they cannot be read.
    unreadable: Mapping[str, str] = field(default_factory=dict)


class ChangedMeanwhileError(WirewatchError):
    """Somebody else changed the record after it was read; nothing was written."""

    def __init__(self, name: str, what: str, last: Revised | None) -> None:
        # The revision that stands now, or the deletion; None for a record that there never was.
        self.last = last
        if last is None:
            told = f"there is no such {what}"
        else:
            did = "deleted" if last.is_deleted else "changed"
            told = f"{did} by {last.author} at {last.saved_at:%Y-%m-%d %H:%M:%S} UTC meanwhile"
        super().__init__(f"{name}: {told}; nothing was saved")


@dataclass(frozen=True, slots=True)
class Place:
    """Where records of one kind are kept, and what one is called."""

    what: str
    # Hash: name -> record.
    records: str
    # String: a random token, another one after each change.
    change: str
    # List of each name: every revision.
    history: Callable[[str], str]


class Revisions(Generic[T]):
    """The saved records of one kind in one store. Safe to use from several threads.

    Errors: redis.RedisError, everywhere.
    """

    def __init__(self, client: redis.Redis, kind: type[T], place: Place) -> None:
        self.client = client
        self._kind = kind
        self._place = place

    def read(self, known: Saved[T] | None = None) -> Saved[T]:
        """Read all, unless they are those that are known."""
        # First: a change between the two is seen at the next look.
        change = cast("bytes | None", self.client.get(self._place.change))
        if known is not None and known.change == change:
            return known
        records: dict[str, T] = {}
        unreadable: dict[str, str] = {}
        for raw_name, raw in sorted(cast("dict[bytes, bytes]", self.client.hgetall(self._place.records)).items()):
            name = raw_name.decode("utf-8", "replace")
            try:
                records[name] = decode(self._kind, raw)
            except UnreadableRecordError as error:
                unreadable[name] = str(error)
        return Saved(change, records, unreadable)

    def again(self, known: Saved[T]) -> Saved[T]:
        """The same; while the store is away those that are known."""
        try:
            return self.read(known)
        except redis.RedisError as error:
            if not is_away(error):
                raise
            return known

    def history(self, name: str) -> tuple[T, ...]:
        """Give every revision of a record, deletions among them, the newest first."""
        raws = cast("list[bytes]", self.client.lrange(self._place.history(name), 0, -1))
        found = (self._decoded(raw) for raw in reversed(raws))
        return tuple(record for record in found if record is not None)

    def save(self, record: T, seen: int) -> T:
        """Save a record over the revision ``seen``, 0 for a new one; gives it with its own revision.

        Errors: ChangedMeanwhileError where another revision stands.
        """

        def is_done(last: T) -> bool:
            return replace(record, saved_at=last.saved_at, revision=last.revision) == last

        return self._write(record.name, seen, lambda now: record, is_done)

    def delete(self, name: str, author: str, at: datetime, seen: int) -> T:
        """Delete a record of the revision ``seen``; its history stays. Errors: as ``save``."""

        def marked(now: T | None) -> T:
            if now is None:
                raise ChangedMeanwhileError(name, self._place.what, next(iter(self.history(name)), None))
            # What was deleted is told with the deletion.
            return replace(now, author=author, saved_at=at, is_deleted=True)

        return self._write(name, seen, marked, lambda last: last.is_deleted and last.author == author)

    def _write(self, name: str, seen: int, make: Callable[[T | None], T], is_done: Callable[[T], bool]) -> T:
        history = self._place.history(name)
        for _ in range(_TRIES):
            with self.client.pipeline(transaction=True) as opened:
                transaction: Any = opened  # redis-py's pipeline is half typed
                transaction.watch(self._place.records, history)
                now = self._decoded(transaction.hget(self._place.records, name))
                last = self._decoded(transaction.lindex(history, -1))
                if (now.revision if now else 0) != seen:
                    if last is not None and last.revision == seen + 1 and is_done(last):
                        return last  # written before, and the answer was lost
                    raise ChangedMeanwhileError(name, self._place.what, now or last)
                made = replace(make(now), revision=(last.revision if last else 0) + 1)
                transaction.multi()
                if made.is_deleted:
                    transaction.hdel(self._place.records, name)
                else:
                    transaction.hset(self._place.records, name, encode(made))
                transaction.rpush(history, encode(made))
                transaction.set(self._place.change, secrets.token_hex(8))
                try:
                    transaction.execute()
                except redis.WatchError:
                    continue  # somebody wrote, perhaps another record
                return made
        raise RetryableError("too many people save at this moment; nothing was saved, try again")

    def _decoded(self, raw: bytes | None) -> T | None:
        """Decode a record; one of another version counts as none, so that it can be written over."""
        try:
            return decode(self._kind, raw) if raw is not None else None
        except UnreadableRecordError:
            return None


def check_author(author: str) -> None:
    """Check who saves or deletes. Errors: SettingsError."""
    if faults := faults_of_author(author):
        raise SettingsError(faults)


def faults_of_author(author: str) -> list[Fault]:
    """Say what is wrong with the name of who saves; [] for a sound one."""
    if not author.strip():
        return [Fault(SAVED, 0, "author", "expected the name of who saves it")]
    if len(author) > AUTHOR_LIMIT or not author.isprintable():
        return [Fault(SAVED, 0, "author", f"expected at most {AUTHOR_LIMIT} printable characters")]
    return []
