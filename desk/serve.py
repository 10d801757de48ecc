"""``wirewatch desk``: serves the page and the API until told to stop."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import socket
import sys
from collections.abc import Sequence
from typing import Any

import structlog
import uvicorn

from connectors.errors import Fault, SettingsError, WirewatchError
from connectors.log.connect import check_url
from desk.app import create_app
from desk.hub import Hub
from desk.security import read_token
from pipelines.desk_settings import DeskSettings

_logger = structlog.get_logger()
# Streams end at once when asked to; what has not ended by then is cut.
_GRACE_SECONDS = 2
_BACKLOG = 128


class _Server(uvicorn.Server):
    """Ends the open streams first: otherwise the shutdown would wait for clients that never leave."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)


def build_server(settings: DeskSettings, redis_url: str) -> _Server:
    """Build a server for these settings; ``run_on`` starts it. Errors: SettingsError."""
    app = create_app(settings, redis_url)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        # Nothing is mounted behind a proxy by default: forwarded addresses are not believed.
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=32 * 1024,
        ws="none",
    )
    return _Server(config, app.state.desk.hub)


def listen(settings: DeskSettings) -> socket.socket:
    """Open the listening socket. Errors: SettingsError where the address cannot be used."""
    host = settings.host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(_BACKLOG)
    except OSError as error:
        message = f"cannot listen on {settings.host} port {settings.port}: {error.strerror}"
        raise SettingsError([Fault("settings", 0, "desk.port", message)]) from error
    opened.setblocking(False)
    return opened


def url_of(opened: socket.socket) -> str:
    """Address for a browser."""
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(settings: DeskSettings, redis_url: str) -> int:
    """Serve until SIGTERM or SIGINT, which end it within five seconds. Errors: SettingsError."""
    if problem := check_url(redis_url):
        raise SettingsError([Fault("settings", 0, "redis", problem)])
    # Uvicorn's own lines say nothing that the desk's do not.
    logging.getLogger("uvicorn").disabled = True
    for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logging.getLogger(name).disabled = True
    server = build_server(settings, redis_url)
    with listen(settings) as opened:
        _logger.info("desk_listening", url=url_of(opened), token_demanded=bool(read_token(settings)))
        server.run([opened])
    return 0 if server.started else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Exit codes: 0 done, 1 failed, 2 bad usage or settings."""
    defaults = DeskSettings()
    parser = argparse.ArgumentParser(prog="wirewatch desk", description="Serve the page, the API and /metrics.")
    parser.add_argument("--redis", required=True, metavar="URL", help="the store: redis://, rediss://, unix://, …")
    parser.add_argument("--host", default=defaults.host, help=f"address to listen on (default {defaults.host})")
    parser.add_argument("--port", type=int, default=defaults.port, help=f"port (default {defaults.port}; 0: any)")
    parser.add_argument("--token-file", default="", metavar="FILE", help="file whose first line is the token")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="name under which browsers may reach the desk"
    )
    given = parser.parse_args(argv)
    if not 0 <= given.port <= 65535:
        parser.error(f"--port: expected 0 to 65535, got {given.port}")
    changes: dict[str, Any] = {"host": given.host, "port": given.port, "token_file": given.token_file}
    try:
        return serve(dataclasses.replace(defaults, **changes, hosts=tuple(given.allow_host)), given.redis)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except WirewatchError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
