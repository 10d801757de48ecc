"""The one HTTP client: guarded addresses, hand-followed redirects, caps on size and time, pacing.

It knows nothing of feeds or webhooks and judges no status code.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType

import aiohttp
from yarl import URL

from connectors.http.body import ACCEPT_ENCODING, BodyReader
from connectors.http.errors import ErrorClass, FetchError
from connectors.http.guard import AddressGuard, GuardedConnector, GuardedResolver
from connectors.http.limits import HttpLimits
from connectors.http.pacing import HostPacer

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FOR_GOOD = frozenset({301, 308})
_FOLLOWING = frozenset({"GET", "HEAD"})
# Never carried to another host.
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_HEADER_BYTES = 16 * 1024
_HEADERS = 128
_KEEP_ALIVE_SECONDS = 60.0
_LOOK_UPS = 16
_DNS_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Response:
    """An answer read to its end."""

    status: int
    # Names are looked up without regard to case.
    headers: Mapping[str, str]
    body: bytes
    final_url: str
    # True where every hop that led here was a 301 or 308 and none fell back from https to http.
    moved_permanently: bool


def user_agent(contact: str) -> str:
    """Name this program to servers, with whom to write to."""
    version = importlib.metadata.version("wirewatch")
    return f"wirewatch/{version} (+{contact})" if contact else f"wirewatch/{version}"


def host_of(url: str) -> str:
    """Name the host and port that pacing counts by; "" for what is no URL."""
    try:
        parsed = URL(url)
        return f"{(parsed.host or '').lower()}:{parsed.port or 0}"
    except ValueError:
        return ""


class GuardedSession:
    """Sends requests. One per process and event loop; ``async with`` opens and closes it.

    Parallel use is safe. Nothing is retried here: whoever asks owns the retries.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        allow_networks: tuple[str, ...] = (),
        limits: HttpLimits | None = None,
        pacer: HostPacer | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = AddressGuard(allow_networks)
        self._limits = limits or HttpLimits()
        self.pacer = pacer or HostPacer()
        self._ssl = ssl_context
        self._headers = {"User-Agent": user_agent(contact), "Accept-Encoding": ACCEPT_ENCODING}
        self._session: aiohttp.ClientSession | None = None
        self._look_ups: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> GuardedSession:
        self._look_ups = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="look-up")
        connector = GuardedConnector(
            self._guard,
            resolver=GuardedResolver(self._guard, self._look_ups),
            ttl_dns_cache=_DNS_SECONDS,
            limit=0,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            ssl=self._ssl or True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            max_headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(
                total=None,
                sock_connect=self._limits.connect.total_seconds(),
                sock_read=self._limits.idle.total_seconds(),
            ),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
        if self._look_ups is not None:
            self._look_ups.shutdown(wait=False, cancel_futures=True)

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        body_bytes: int | None = None,
        total: timedelta | None = None,
        booked: bool = False,
    ) -> Response:
        """Send one request and read the answer to its end.

        GET and HEAD follow redirects; any other method gets the 3xx as it is. ``body_bytes`` and
        ``total`` override the session's limits; 0 bytes reads no body. ``booked``: the caller took
        the first hop's start from ``pacer.book`` and has waited for it.
        Errors: FetchError, for every failure of the network and of the other side.
        """
        sent = {**self._headers, **(headers or {})}
        limit = self._limits.body_bytes if body_bytes is None else body_bytes
        left = (total or self._limits.total).total_seconds()
        target, seen, for_good = _parsed(url), set[URL](), True
        loop = asyncio.get_running_loop()
        while True:
            seen.add(target)
            self._guard.check_host(target.raw_host or "")
            async with self.pacer.slot(host_of(str(target)), booked=booked):
                began = loop.time()
                answer = await self._hop(method, target, sent, body, limit, left)
                left -= loop.time() - began
            if method not in _FOLLOWING or answer.status not in _REDIRECTS or "Location" not in answer.headers:
                return Response(answer.status, answer.headers, answer.body, str(target), for_good and len(seen) > 1)
            following = _joined(target, answer.headers["Location"])
            if following in seen:
                raise FetchError(ErrorClass.REDIRECT, f"redirected in a circle, back to {following}")
            if len(seen) > self._limits.redirects:
                raise FetchError(ErrorClass.REDIRECT, f"more than {self._limits.redirects} redirects")
            for_good = for_good and answer.status in _FOR_GOOD and following.scheme >= target.scheme
            if following.origin() != target.origin():
                sent = {name: value for name, value in sent.items() if name.lower() not in _SECRET_HEADERS}
            target, booked = following, False

    async def _hop(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, limit: int, seconds: float
    ) -> Response:
        """Send to one URL without following; every way to fail is named here."""
        if self._session is None:
            raise RuntimeError("the session is not open")
        try:
            async with (
                asyncio.timeout(max(seconds, 0.0)),
                self._session.request(method, url, headers=headers, data=body, allow_redirects=False) as response,
            ):
                redirected = response.status in _REDIRECTS and method in _FOLLOWING
                content = b"" if redirected or method == "HEAD" else await _read(response, limit)
                return Response(response.status, response.headers, content, str(url), False)
        except FetchError:
            raise
        except aiohttp.ClientConnectorDNSError as error:
            raise FetchError(ErrorClass.DNS, f"{url.host}: {error.os_error.strerror or error.os_error}") from error
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            raise FetchError(ErrorClass.TLS, str(error)) from error
        except TimeoutError as error:
            raise FetchError(ErrorClass.TIMEOUT, str(error) or "the answer took too long") from error
        except aiohttp.InvalidURL as error:
            raise FetchError(ErrorClass.URL, str(error)) from error
        except (aiohttp.ClientResponseError, aiohttp.http_exceptions.HttpProcessingError) as error:
            raise FetchError(ErrorClass.PROTOCOL, str(error)) from error
        except aiohttp.ClientPayloadError as error:
            raise FetchError(ErrorClass.CONNECT, f"the answer broke off: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise FetchError(ErrorClass.CONNECT, str(error) or type(error).__name__) from error
        except ValueError as error:
            # Header values and URLs that cannot be sent.
            raise FetchError(ErrorClass.URL, str(error)) from error


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if limit == 0:
        response.close()
        return b""
    if (response.content_length or 0) > limit:
        response.close()
        raise FetchError(ErrorClass.TOO_LARGE, f"body of {response.content_length} bytes exceeds {limit}")
    reader = BodyReader(response.headers.get("Content-Encoding", ""), limit)
    try:
        async for piece in response.content.iter_any():
            reader.feed(piece)
    except FetchError:
        response.close()
        raise
    return reader.close()


def _parsed(text: str) -> URL:
    try:
        url = URL(text.strip()).with_fragment(None)
        usable = url.scheme in ("http", "https") and bool(url.raw_host) and url.port is not None
    except ValueError as error:
        raise FetchError(ErrorClass.URL, f"{text!r}: {error}") from error
    if not usable:
        raise FetchError(ErrorClass.URL, f"expected an http or https URL, got {text!r}")
    return url


def _joined(base: URL, location: str) -> URL:
    try:
        return _parsed(str(base.join(URL(location.strip()))))
    except (FetchError, ValueError) as error:
        raise FetchError(ErrorClass.REDIRECT, f"redirected to {location!r}, which is no http(s) URL") from error
