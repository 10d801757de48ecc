"""Reads what the store knows: records by key, those that cannot be read left out and said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from connectors.codec import UnreadableRecordError, decode
from pipelines import telemetry

T = TypeVar("T")


def known(
    kind: type[T], keys: Sequence[str], raws: Iterable[bytes | None], read: Callable[[bytes], T] | None = None
) -> dict[str, T]:
    """Records under their keys; absent ones and, with a word about it, unreadable ones are left out.

    A record of another version must not stop the stream: what it knew is lost, the items go on. ``read``
    is for what is not kept as JSON.
    """
    pairs = zip(keys, raws, strict=True)
    return {key: record for key, raw in pairs if raw is not None for record in readable(kind, key, [raw], read)}


def readable(kind: type[T], key: str, raws: Iterable[bytes], read: Callable[[bytes], T] | None = None) -> list[T]:
    """Records of one key's list, in order, unreadable ones left out and said."""
    found = []
    for raw in raws:
        try:
            found.append(read(raw) if read else decode(kind, raw))
        except UnreadableRecordError as error:
            telemetry.state_unreadable(kind.__name__, key, error)
    return found
