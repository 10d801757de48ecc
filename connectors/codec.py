"""Records to and from the bytes that travel through Redis: msgspec JSON, one line, never pickle."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from connectors.errors import PermanentError

T = TypeVar("T")
_ENCODER = msgspec.json.Encoder()


class UnreadableRecordError(PermanentError):
    """Bytes that are no record of the asked type."""


def encode(record: object) -> bytes:
    """Encode a record (a dataclass of builtins, datetimes, Enums and records) as JSON bytes."""
    return _ENCODER.encode(record)


@lru_cache(maxsize=64)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decode(kind: type[T], raw: bytes | str) -> T:
    """Decode JSON bytes as a record of that type; unknown fields are ignored.

    Errors: UnreadableRecordError, with what was expected.
    """
    try:
        hashable: Any = kind
        record: T = _decoder(hashable).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableRecordError(f"expected a {kind.__name__}: {error}") from error
    return record
