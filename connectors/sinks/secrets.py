"""What a sink must know and nobody may read: URLs, keys, tokens; from settings or from files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from connectors.errors import Fault, SettingsError
from connectors.sinks.settings import NEEDS, SinkKind, SinkSettings, http_url_fault
from connectors.sinks.signature import key_fault

_SIZE_LIMIT = 64 * 1024
_HIDDEN = "***"


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """The secrets of one sink, resolved."""

    url: str = ""
    secret: str = ""
    token: str = ""
    _parts: tuple[str, ...] = field(default=())

    def scrub(self, text: str) -> str:
        """Hide every secret, and every part of a URL that could be one, in a text for people."""
        for part in self._parts:
            text = text.replace(part, _HIDDEN)
        return " ".join(text.split())[:300]


def read_secrets(sink: SinkSettings) -> Secrets:
    """Resolve a sink's secrets. Errors: SettingsError with every fault, never showing a value."""
    faults: list[Fault] = []
    values = {name: _value(sink, name, faults) for name in ("url", "secret", "token")}
    if not faults:
        if sink.url_file and sink.kind != SinkKind.APPRISE and (fault := http_url_fault(values["url"])):
            faults.append(Fault(sink.url_file, 0, "", fault))
        if sink.secret_file and (fault := key_fault(values["secret"])):
            faults.append(Fault(sink.secret_file, 0, "", fault))
    if faults:
        raise SettingsError(faults)
    return Secrets(**values, _parts=tuple(_parts(values)))


def secret_faults(sinks: Iterable[SinkSettings]) -> list[Fault]:
    """List what is wrong with the secret files of all sinks; [] if nothing is."""
    found: list[Fault] = []
    for sink in sinks:
        try:
            read_secrets(sink)
        except SettingsError as error:
            found += error.faults
    return found


def _value(sink: SinkSettings, name: str, faults: list[Fault]) -> str:
    path = str(getattr(sink, f"{name}_file"))
    if not path:
        return str(getattr(sink, name))
    try:
        with Path(path).open("rb") as opened:
            raw = opened.read(_SIZE_LIMIT)
    except OSError as error:
        faults.append(Fault(path, 0, "", f"{name} of sink {sink.name} cannot be read: {error.strerror}"))
        return ""
    try:
        value = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        value = ""
    is_needed = any(name in need for need in NEEDS[sink.kind])
    if not value and is_needed:
        faults.append(Fault(path, 0, "", f"expected the {name} of sink {sink.name} as text, got none"))
    return value


def _parts(values: dict[str, str]) -> list[str]:
    """Strings to hide, longest first: whole values, and what in a URL lies beyond its host."""
    parts = set(values["secret"].split())
    parts |= {values["url"], values["token"]}
    try:
        url = urlsplit(values["url"])
        parts |= {url.username or "", url.password or "", url.query, url.path.strip("/")}
        parts |= set(url.path.split("/"))
        if not url.scheme.startswith("http"):
            parts.add(url.netloc)  # Apprise puts tokens where others have the host
    except ValueError:
        pass
    return sorted((part for part in parts if len(part) > 3), key=len, reverse=True)
