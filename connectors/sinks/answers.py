"""Reads what chat services answer: JSON objects, of which a sink wants a few fields. Pure."""

from __future__ import annotations

from typing import Any

import msgspec


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; {} for anything else."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def number_at(answer: dict[str, Any], *path: str) -> int | None:
    """Whole number at a path of keys, if there is one."""
    found: Any = answer
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def text_at(answer: dict[str, Any], key: str) -> str:
    """Text under a key, "" if there is none."""
    found = answer.get(key)
    return found if isinstance(found, str) else ""
