"""Signs and verifies webhooks as Standard Webhooks lays down (version 1, symmetric). Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64
_TOLERANCE = timedelta(minutes=5)


def read_keys(text: str) -> tuple[bytes, ...]:
    """Read one or more secrets, separated by white space.

    Errors: ValueError that says what was expected and never shows the secret.
    """
    keys = tuple(_read_key(word) for word in text.split())
    if not keys:
        raise ValueError(f"expected a secret that begins with {_PREFIX}, got nothing")
    return keys


def _read_key(word: str) -> bytes:
    if not word.startswith(_PREFIX):
        raise ValueError(f"expected a secret that begins with {_PREFIX}")
    try:
        key = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"expected base64 after {_PREFIX}") from None  # the cause would quote the secret
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(f"expected a secret of {_LEAST_BYTES} to {_MOST_BYTES} bytes, got {len(key)}")
    return key


def key_fault(text: str) -> str:
    """Say what is wrong with a text of secrets, or "" if nothing is."""
    try:
        read_keys(text)
    except ValueError as error:
        return str(error)
    return ""


def sign(keys: Sequence[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Headers of a webhook: id, time and one signature for each key, newest first."""
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def verify(key: bytes, message_id: str, timestamp: str, signatures: str, body: bytes, now: datetime) -> bool:
    """Say whether one of the signatures is this key's and the time is within five minutes of ``now``."""
    if not (timestamp.isascii() and timestamp.isdecimal()):
        return False
    if abs(now.timestamp() - int(timestamp)) > _TOLERANCE.total_seconds():
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures.split(" "))
