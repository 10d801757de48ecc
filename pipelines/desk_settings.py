"""How the desk's page and API are served. Lives here because the settings file is read below the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from connectors.settings import setting


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Address, access and limits of one desk process."""

    host: str = setting("127.0.0.1", help="address to listen on; any other than loopback demands a token")
    port: int = setting(8765, minimum=0, maximum=65535, help="port to listen on; 0 lets the system choose")
    token: str = setting("", secret=True, help="secret that opens the page and the API, at least 16 characters")
    token_file: str = setting("", help="file whose first line is the token")
    hosts: tuple[str, ...] = setting(
        (), help="names under which browsers may reach the desk; on loopback its own names are always allowed"
    )
    stream_clients: int = setting(200, minimum=1, help="open streams per process; one more is turned away for now")
    stream_queue_events: int = setting(
        1000, minimum=1, help="events that wait for one slow stream client before it is sent away to resume"
    )
    heartbeat: timedelta = setting(
        timedelta(seconds=15), minimum=timedelta(milliseconds=100), help="silence after which a stream says it lives"
    )
    send_timeout: timedelta = setting(
        timedelta(seconds=20), minimum=timedelta(milliseconds=100), help="time that a stream client may refuse to read"
    )
    refresh: timedelta = setting(
        timedelta(seconds=5), minimum=timedelta(milliseconds=100), help="how often open pages get new figures"
    )
    ready_lag: timedelta = setting(
        timedelta(minutes=5), help="age of the oldest unread entry of any stream above which the node is not ready"
    )
    ready_lag_entries: int = setting(
        100_000, minimum=0, help="unread entries of any stream above which the node is not ready"
    )
