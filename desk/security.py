"""Who may ask, and what browsers may do with the answers: host check, token, headers.

Bound to loopback, the desk answers its own machine only, under its own names: a web page that made
its name resolve to 127.0.0.1 (DNS rebinding) is turned away. Bound elsewhere, a token is demanded.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.errors import Fault, SettingsError
from desk import telemetry
from desk.telemetry import Refusal
from pipelines.desk_settings import DeskSettings

COOKIE = "wirewatch"
SESSION = timedelta(days=14)
TOKEN_LENGTH = 16
_OPEN_PATHS = ("/healthz", "/readyz", "/login", "/static/")
# Methods that change nothing.
_READING = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Other sites get none; with no-referrer a browser would send the login form with Origin: null.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def is_loopback(host: str) -> bool:
    """Say whether an address to listen on is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_token(settings: DeskSettings) -> str:
    """The token that is demanded, "" for none.

    Errors: SettingsError for a file that cannot be read, a short token, or none where one must be.
    """
    token = settings.token
    if settings.token_file:
        try:
            with open(settings.token_file, encoding="utf-8") as file:
                token = file.readline().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "expected UTF-8 text"
            raise SettingsError([Fault(settings.token_file, 0, "desk.token_file", f"cannot be read: {why}")]) from error
    if token and len(token) < TOKEN_LENGTH:
        message = f"expected at least {TOKEN_LENGTH} characters, got {len(token)}"
        raise SettingsError([Fault(settings.token_file or "settings", 0, "desk.token", message)])
    if not token and not is_loopback(settings.host):
        message = f"{settings.host} is not loopback: set token_file (or --token-file) to listen there"
        raise SettingsError([Fault("settings", 0, "desk.host", message)])
    return token


class Gate:
    """Checks tokens and sessions. A session is signed with the token: a new token ends them all."""

    def __init__(self, token: str, clock: Callable[[], datetime]) -> None:
        self._token = token
        self._clock = clock

    @property
    def is_open(self) -> bool:
        """Whether no token is demanded."""
        return not self._token

    def takes(self, token: str) -> bool:
        """Compare a token, in constant time."""
        return hmac.compare_digest(_digest(token), _digest(self._token))

    def session(self) -> str:
        """Make the value of a session cookie."""
        ends = str(int((self._clock() + SESSION).timestamp()))
        return f"{ends}.{self._signed(ends)}"

    def takes_session(self, value: str) -> bool:
        """Check the value of a session cookie."""
        ends, _, signature = value.partition(".")
        if not hmac.compare_digest(_digest(signature), _digest(self._signed(ends))):
            return False
        return int(ends) > self._clock().timestamp()

    def _signed(self, ends: str) -> str:
        return hmac.new(self._token.encode(), f"wirewatch session {ends}".encode(), hashlib.sha256).hexdigest()

    def admits(self, headers: Headers) -> bool:
        """Say whether a request carries the token or a session."""
        if self.is_open:
            return True
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.takes(credentials.strip())
        # By hand: http.cookies gives up on all where another service of this host set an odd one.
        cookies = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        return any(name == COOKIE and self.takes_session(value) for name, _, value in cookies)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class HostCheck:
    """Knows under which names the desk may be asked; an empty set means any."""

    def __init__(self, settings: DeskSettings) -> None:
        allowed = {host.lower() for host in settings.hosts}
        if is_loopback(settings.host):
            allowed |= {"localhost", "127.0.0.1", "::1", settings.host.strip("[]").lower()}
        self._allowed = allowed

    def takes(self, host: str) -> bool:
        """Check a Host header, port or not."""
        if not self._allowed:
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name.rstrip(".") in self._allowed


class Guard:
    """ASGI middleware around everything the desk serves."""

    def __init__(self, app: ASGIApp, gate: Gate, hosts: HostCheck) -> None:
        self._app = app
        self._gate = gate
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Turn away what may not ask, and put the headers on every answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        client = (scope.get("client") or ("",))[0]
        if not self._hosts.takes(headers.get("host", "")):
            telemetry.request_refused(Refusal.HOST, client)
            return PlainTextResponse("this host name is not served here; see the setting desk.hosts\n", 421)
        if _from_another_site(headers) or (scope["method"] not in _READING and not _same_origin(headers)):
            telemetry.request_refused(Refusal.ORIGIN, client)
            return PlainTextResponse("cross-site requests are not taken\n", 403)
        if path.startswith(_OPEN_PATHS) or self._gate.admits(headers):
            return None
        telemetry.request_refused(Refusal.TOKEN, client)
        if "text/html" in headers.get("accept", ""):
            asked = path + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
            return RedirectResponse(f"/login?next={quote(asked, safe='')}", 303)
        return PlainTextResponse("a token is needed\n", 401, {"WWW-Authenticate": 'Bearer realm="wirewatch"'})


def _from_another_site(headers: Headers) -> bool:
    """Another site's page may link here, but not load, embed or stream anything. Browsers say so."""
    site = headers.get("sec-fetch-site", "none")
    return site not in ("none", "same-origin") and headers.get("sec-fetch-mode") != "navigate"


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is None or origin == "null":
        return origin is None and headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def local_path(asked: str) -> str:
    """Give a path of this desk to go on to after a login; "/" for anything that leads elsewhere."""
    if not asked.startswith("/") or asked[1:2] in ("/", "\\") or any(ord(one) < 33 for one in asked):
        return "/"
    return asked
