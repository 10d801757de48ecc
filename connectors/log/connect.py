"""Opens Redis: plain, TLS, unix socket or Sentinel URLs, with the retries named instead of defaulted.

No command is ever re-sent behind the caller's back: a transaction whose reply was lost may have
been applied (``commit`` finds out), so the clients here retry connecting, never commands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from connectors.errors import Fault, RetryableError, SettingsError

if TYPE_CHECKING:
    import redis.asyncio

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
# Longer than any BLOCK this project asks for.
_SOCKET_SECONDS = 5.0
_OPTIONS: dict[str, Any] = {
    "socket_timeout": _SOCKET_SECONDS,
    "socket_connect_timeout": _SOCKET_SECONDS,
    "health_check_interval": 0,
}


def check_url(url: str) -> str:
    """Say what is wrong with a Redis URL, without showing it, or "" if nothing is."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES:
            return f"expected a URL of {', '.join(SCHEMES)}, got scheme {parts.scheme!r}"
        if parts.scheme == "unix":
            return _problem_of_options(url) if parts.path else "expected unix:///path/to/socket"
        if parts.scheme.endswith("+sentinel"):
            return _problem_of_sentinel(parts)
        if not parts.hostname or parts.port == 0:
            return "expected a host, and a port of 1 to 65535"
    except ValueError:
        return "expected a URL such as redis://host:6379/0; its host or port cannot be read"
    if not re.fullmatch(r"(?:/\d{0,9})?", parts.path):
        return "expected the number of a database behind the host, as in redis://host:6379/0"
    return _problem_of_options(url)


def _problem_of_sentinel(parts: SplitResult) -> str:
    form = "redis+sentinel://host:port[,host:port]/service[/db]"
    if not re.fullmatch(r"/[^/]+(?:/\d{0,9})?/?", parts.path):
        return f"expected {form}"
    for host in parts.netloc.rpartition("@")[2].split(","):
        name, _, port = host.partition(":")
        if not name or not (port == "" or (port.isdecimal() and 0 < int(port[:6]) < 65_536)):
            return f"expected {form}; a host or port cannot be read"
    return ""


def _problem_of_options(url: str) -> str:
    """What stands behind the ? is the client's; it says so itself when it is built."""
    try:
        redis.ConnectionPool.from_url(url, **_OPTIONS).make_connection()
    except TypeError as error:
        return f"expected options that the client knows behind the ?, got {str(error).rpartition(' ')[2]}"
    except (ValueError, redis.RedisError):
        return "expected options that the client knows behind the ?, got a value that it does not take"
    return ""


def connect(url: str) -> redis.Redis:
    """Open a blocking client for ``url``; connects on first use.

    Errors: SettingsError for a URL of no known form.
    """
    _refuse_bad_url(url)
    if "+sentinel" in url.partition(":")[0]:
        return _sentinel(url, asynchronous=False)  # type: ignore[no-any-return]
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **_OPTIONS)


def connect_async(url: str) -> redis.asyncio.Redis:
    """Open an asyncio client for ``url``; connects on first use. Errors: as ``connect``."""
    import redis.asyncio
    from redis.asyncio.retry import Retry as AsyncRetry

    _refuse_bad_url(url)
    if "+sentinel" in url.partition(":")[0]:
        return _sentinel(url, asynchronous=True)  # type: ignore[no-any-return]
    return redis.asyncio.Redis.from_url(url, retry=AsyncRetry(NoBackoff(), 0), **_OPTIONS)


def unanswered(error: redis.RedisError) -> RetryableError:
    """Say to a person at a command line that the store does not answer, and where to look."""
    return RetryableError(
        f"the store does not answer ({error}); is wirewatch running, and is this its --data-dir or --redis?"
    )


def _refuse_bad_url(url: str) -> None:
    if problem := check_url(url):
        raise SettingsError([Fault("redis", 0, "", problem)])


def _sentinel(url: str, *, asynchronous: bool) -> Any:
    """Client of the primary that the Sentinels name: redis+sentinel://[user:pass@]h:p,h:p/service[/db]."""
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    addresses = [(host.rpartition(":")[0] or host, int(host.rpartition(":")[2] or 26379)) for host in hosts.split(",")]
    service, _, database = parts.path.strip("/").partition("/")
    options = dict(_OPTIONS, db=int(database or 0))
    if credentials:
        options |= {"username": unquote(user) or None, "password": unquote(password) or None}
    if parts.scheme.startswith("rediss"):
        options["ssl"] = True
    query = parse_qs(parts.query)
    sentinel_options = dict(_OPTIONS)
    if "sentinel_password" in query:
        sentinel_options["password"] = query["sentinel_password"][0]
    if asynchronous:
        from redis.asyncio.sentinel import Sentinel as AsyncSentinel

        sentinel: Any = AsyncSentinel  # untyped in redis-py
        return sentinel(addresses, sentinel_kwargs=sentinel_options, **options).master_for(service)
    from redis.sentinel import Sentinel

    blocking: Any = Sentinel  # untyped in redis-py
    return blocking(addresses, sentinel_kwargs=sentinel_options, **options).master_for(service)
