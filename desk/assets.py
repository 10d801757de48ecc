"""The shipped scripts and styles, held in memory: no build step, no other host, no thread for files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    media_type: str
    # Of the content: a new version gets a new address, so browsers may keep what they have.
    version: str


@cache
def assets() -> dict[str, Asset]:
    """All files by name."""
    found = {}
    for path in sorted((Path(__file__).parent / "static").iterdir()):
        if path.suffix in _KINDS:
            body = path.read_bytes()
            found[path.name] = Asset(body, _KINDS[path.suffix], hashlib.blake2b(body, digest_size=6).hexdigest())
    return found


def asset_url(name: str) -> str:
    """Address of a file on the desk. Errors: KeyError for a name that is not shipped."""
    return f"/static/{name}?v={assets()[name].version}"
