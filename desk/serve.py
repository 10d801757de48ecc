"""``wirewatch desk``: serves the page and the API until told to stop."""

from __future__ import annotations

import logging
import socket

import structlog
import uvicorn

from connectors.errors import Fault, SettingsError
from desk.app import create_app
from desk.hub import Hub
from desk.security import read_token
from pipelines.desk_settings import DeskSettings
from pipelines.settings import Settings

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


def build_server(node: Settings, redis_url: str) -> _Server:
    """Build a server for these settings; ``run_on`` starts it. Errors: SettingsError."""
    app = create_app(node, redis_url)
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


def serve(node: Settings, redis_url: str) -> int:
    """Serve until SIGTERM or SIGINT, which end it within five seconds; gives the exit code.

    Errors: SettingsError for an address that cannot be used, a bad token, or none where one must be.
    """
    # Uvicorn's own lines say nothing that the desk's do not.
    logging.getLogger("uvicorn").disabled = True
    for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logging.getLogger(name).disabled = True
    server = build_server(node, redis_url)
    with listen(node.desk) as opened:
        _logger.info("desk_listening", url=url_of(opened), token_demanded=bool(read_token(node.desk)))
        server.run([opened])
    return 0 if server.started else 1
