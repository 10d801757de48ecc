"""Where alerts go, and how hard to try."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from connectors.settings import setting
from connectors.sinks.retry import TABLE
from connectors.sinks.signature import key_fault

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class SinkKind(StrEnum):
    """The kinds of sink there are; ``connectors.registry`` says what serves each."""

    WEBHOOK = "webhook"
    STREAM = "stream"
    APPRISE = "apprise"
    TELEGRAM = "telegram"
    SLACK = "slack"
    NTFY = "ntfy"


# Settings that a kind needs; each inner tuple is one need, met by any of its members.
NEEDS: dict[SinkKind, tuple[tuple[str, ...], ...]] = {
    SinkKind.WEBHOOK: (("url", "url_file"), ("secret", "secret_file")),
    SinkKind.STREAM: (("path",),),
    SinkKind.APPRISE: (("url", "url_file"),),
    SinkKind.TELEGRAM: (("token", "token_file"), ("to",)),
    SinkKind.SLACK: (("token", "token_file"), ("to",)),
    SinkKind.NTFY: (("to",),),
}
# Settings that a kind takes beyond its needs.
TAKES: dict[SinkKind, tuple[str, ...]] = {
    SinkKind.WEBHOOK: (),
    SinkKind.STREAM: (),
    SinkKind.APPRISE: (),
    SinkKind.TELEGRAM: ("url", "url_file"),
    SinkKind.SLACK: ("url", "url_file"),
    SinkKind.NTFY: ("url", "url_file", "token", "token_file"),
}
_OF_A_KIND = ("url", "url_file", "secret", "secret_file", "token", "token_file", "to", "path")
_HTTP_URLS = (SinkKind.WEBHOOK, SinkKind.TELEGRAM, SinkKind.SLACK, SinkKind.NTFY)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """One place that alerts go to. Which settings it needs depends on its kind."""

    name: str = setting(help="Name that rules' routes, metrics and commands use: a-z, 0-9, - and _.")
    kind: SinkKind = setting(help="What it is.")
    url: str = setting(
        "",
        secret=True,
        help="webhook: where to post. apprise: the service's Apprise URL. telegram, slack, ntfy: base URL of the"
        " service, where it is not the public one.",
    )
    url_file: str = setting("", help="File that holds the URL, instead of url.")
    secret: str = setting(
        "",
        secret=True,
        help="webhook: signing secret, whsec_ and base64 of 24 to 64 bytes; while it is being changed, new and old"
        " separated by a space.",
    )
    secret_file: str = setting("", help="File that holds the secret, instead of secret.")
    token: str = setting("", secret=True, help="telegram, slack: the bot's token. ntfy: an access token, if needed.")
    token_file: str = setting("", help="File that holds the token, instead of token.")
    to: str = setting("", help="telegram: chat id. slack: channel id. ntfy: topic.")
    path: str = setting("", help="stream: file that JSON lines are appended to, or - for standard output.")
    timeout: timedelta = setting(
        timedelta(seconds=15),
        minimum=timedelta(seconds=1),
        maximum=timedelta(seconds=60),
        help="Longest time that one try may take.",
    )
    parallel: int = setting(
        4, minimum=1, maximum=64, help="Alerts under way at a time; revisions of one alert always go one by one."
    )

    def faults(self) -> Iterator[tuple[str, str]]:
        """Name each mistake that no single field shows: the field, and what was expected."""
        if not _NAME.fullmatch(self.name):
            yield "name", f"expected 1 to 64 of a-z, 0-9, - and _, the first no sign, got {self.name!r}"
        for need in NEEDS[self.kind]:
            if not any(getattr(self, field) for field in need):
                yield need[0], f"required for kind {self.kind}: {' or '.join(need)}"
        allowed = {field for need in NEEDS[self.kind] for field in need} | set(TAKES[self.kind])
        for field in _OF_A_KIND:
            if getattr(self, field) and field not in allowed:
                yield field, f"kind {self.kind} has no such setting"
            if field.endswith("_file") and getattr(self, field) and getattr(self, field.removesuffix("_file")):
                yield field, f"expected {field.removesuffix('_file')} or {field}, got both"
        if self.url and self.kind in _HTTP_URLS and (fault := http_url_fault(self.url)):
            yield "url", fault
        if self.secret and (fault := key_fault(self.secret)):
            yield "secret", fault


@dataclass(frozen=True, slots=True)
class DeliverSettings:
    """How alerts leave the house."""

    sinks: tuple[SinkSettings, ...] = setting((), help="Where alerts go.")
    retry: tuple[timedelta, ...] = setting(
        TABLE, help="Waits before the first and each further try; an alert that used them all is a dead letter."
    )
    retry_after_limit: timedelta = setting(
        timedelta(hours=24), minimum=timedelta(seconds=1), help="Longest Retry-After of a service that is believed."
    )
    queue_limit: int = setting(
        10_000, minimum=1, help="Alerts that may wait for one sink; beyond it the oldest become dead letters."
    )
    lease: timedelta = setting(
        timedelta(seconds=3),
        minimum=timedelta(milliseconds=500),
        maximum=timedelta(seconds=60),
        help="Time after which another deliver process takes over the sinks of one that died.",
    )
    allow_networks: tuple[str, ...] = setting(
        (), help="Private networks that sinks may connect to, such as 10.1.0.0/16; all others are refused."
    )

    def faults(self) -> Iterator[tuple[str, str]]:
        """Name each mistake that no single field shows: the field, and what was expected."""
        seen: set[str] = set()
        for sink in self.sinks:
            if sink.name in seen:
                yield "sinks", f"expected names that differ, got {sink.name!r} twice"
            seen.add(sink.name)
        if not self.retry:
            yield "retry", "expected at least one wait"
        for network in self.allow_networks:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                yield "allow_networks", f"expected networks such as 10.1.0.0/16: {error}"


def http_url_fault(url: str) -> str:
    """Say what is wrong with an http(s) URL, without showing it; "" if nothing is."""
    try:
        parts = urlsplit(url)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return "expected an http or https URL, got something that is none"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_good or re.search(r"\s", url):
        return "expected an http or https URL, got something that is none"
    return ""
