"""Writes the gazetteer as the one file that the finder maps: ``pipelines/entities/table.py`` reads it."""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec

from pipelines.entities.table import MAGIC, Sense

# id, kind and case are always written.
_LEAST = 3
_DEFAULTS = msgspec.structs.astuple(Sense("", "", ""))


def _trimmed(sense: Sense) -> list[Any]:
    """Leave out what equals the default at the end."""
    values = list(msgspec.structs.astuple(sense))
    while len(values) > _LEAST and values[-1] == _DEFAULTS[len(values) - 1]:
        values.pop()
    return [sorted(value) if isinstance(value, frozenset) else value for value in values]


def _may_be_lower(senses: list[Sense]) -> bool:
    return any(
        sense.case in ("any", "lower", "accents")
        or (sense.case == "exact" and any(surface[:1].islower() for surface in sense.surfaces))
        for sense in senses
    )


def write(path: Path, header: dict[str, Any], names: dict[str, list[Sense]]) -> tuple[int, int]:
    """Write names (folded words joined by a space) and their senses; gives how many senses and bytes."""
    numbers: dict[Sense, int] = {}
    single: dict[str, Any] = {}
    several: dict[str, dict[str, Any]] = defaultdict(dict)
    lower: set[str] = set()
    for key, senses in sorted(names.items()):
        values = [numbers.setdefault(sense, len(numbers)) for sense in senses]
        value = values[0] if len(values) == 1 else values
        first, _, rest = key.partition(" ")
        if rest:
            several[first][rest] = value
        else:
            single[key] = value
        if _may_be_lower(senses):
            lower.add(first)
    encode = msgspec.msgpack.encode
    hashed = sorted((zlib.crc32(word.encode()), word) for word in single.keys() | several.keys())
    records = [encode([word, word in lower, single.get(word), several.get(word)]) for _, word in hashed]
    blobs = [encode(header), *records, *(encode(_trimmed(sense)) for sense in numbers)]
    offsets = [0]
    for blob in blobs:
        offsets.append(offsets[-1] + len(blob))
    words, senses_count = len(records), len(numbers)
    raw = b"".join(
        [
            MAGIC,
            struct.pack("<II", words, senses_count),
            struct.pack(f"<{words}I", *(crc for crc, _ in hashed)),
            struct.pack(f"<{len(offsets)}I", *offsets),
            *blobs,
        ]
    )
    # Processes that have the old table mapped keep it whole.
    made = path.with_name(f"{path.name}.new")
    made.write_bytes(raw)
    made.replace(path)
    return senses_count, len(raw)
