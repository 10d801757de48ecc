"""The guarded session against servers that behave and servers that do not."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import ssl
import subprocess
import zlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from connectors.http.client import GuardedSession, Response, host_of, user_agent
from connectors.http.errors import ErrorClass, FetchError
from connectors.http.limits import HttpLimits
from connectors.http.testing import LOOPBACK, LocalServer, RawServer

QUICK = HttpLimits(
    total=timedelta(seconds=3), idle=timedelta(milliseconds=300), connect=timedelta(seconds=1), body_bytes=1_000_000
)
Ask = Callable[[GuardedSession, LocalServer], Awaitable[Response]]


def _with_server(ask: Ask, limits: HttpLimits = QUICK, contact: str = "") -> Response:
    async def run() -> Response:
        async with (
            LocalServer() as server,
            GuardedSession(allow_networks=LOOPBACK, limits=limits, contact=contact) as session,
        ):
            return await ask(session, server)

    return asyncio.run(run())


def _error_with_server(ask: Ask, limits: HttpLimits = QUICK) -> FetchError:
    with pytest.raises(FetchError) as caught:
        _with_server(ask, limits)
    return caught.value


def _error_with_raw(answer: bytes, *, then: str = "close", limits: HttpLimits = QUICK) -> FetchError:
    """What a session says of a connection that sends these bytes and then closes, resets, hangs or drips."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if then == "reset":
            writer.transport.abort()
        while then == "drip":
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)
        if then == "hang":
            await asyncio.Event().wait()

    async def run() -> None:
        async with RawServer(talk) as server, GuardedSession(allow_networks=LOOPBACK, limits=limits) as session:
            await session.request("GET", server.url)

    with pytest.raises(FetchError) as caught:
        asyncio.run(run())
    return caught.value


def test_request_says_who_asks_and_whom_to_write_to() -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        answer = await session.request("GET", server.serve("/", b"ok"))
        assert server.requests["/"][0]["User-Agent"] == user_agent("mailto:ops@example.org")
        return answer

    answer = _with_server(ask, contact="mailto:ops@example.org")
    assert (answer.status, answer.body, answer.moved_permanently) == (200, b"ok", False)
    assert user_agent("mailto:ops@example.org").endswith("(+mailto:ops@example.org)")


def test_status_is_given_and_not_judged() -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("GET", server.serve("/", b"no", 503, {"Retry-After": "7"}))

    answer = _with_server(ask)
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", lambda raw: gzip.compress(raw[:7]) + gzip.compress(raw[7:])),
        ("deflate", zlib.compress),
        ("deflate", lambda raw: zlib.compress(raw)[2:-4]),
        ("identity", bytes),
    ],
)
def test_compressed_body_is_decoded(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    plain = b"<rss>" + b"words " * 50_000 + b"</rss>"

    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("GET", server.serve("/", encode(plain), headers={"Content-Encoding": encoding}))

    assert _with_server(ask).body == plain


@pytest.mark.parametrize(("codes", "for_good"), [((301, 308), True), ((301, 302), False), ((307,), False)])
def test_moved_for_good_only_where_every_hop_says_so(codes: tuple[int, ...], for_good: bool) -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        for place, code in enumerate(codes):
            server.serve(f"/{place}", status=code, headers={"Location": f"/{place + 1}"})
        server.serve(f"/{len(codes)}", b"here")
        answer = await session.request("GET", server.url("/0"))
        assert answer.final_url == server.url(f"/{len(codes)}")
        return answer

    answer = _with_server(ask)
    assert (answer.body, answer.moved_permanently) == (b"here", for_good)


def test_post_is_not_redirected_and_its_answer_is_given() -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("POST", server.serve("/", status=302, headers={"Location": "/x"}), body=b"{}")

    assert _with_server(ask).status == 302


def test_credentials_are_not_carried_to_another_host() -> None:
    async def run() -> None:
        async with (
            LocalServer() as first,
            LocalServer(host="127.0.0.2") as second,
            GuardedSession(allow_networks=LOOPBACK) as session,
        ):
            first.serve("/", status=307, headers={"Location": second.serve("/", b"ok")})
            await session.request("GET", first.url("/"), {"Authorization": "Bearer x", "If-None-Match": '"a"'})
            assert "Authorization" in first.requests["/"][0]
            assert "Authorization" not in second.requests["/"][0]
            assert second.requests["/"][0]["If-None-Match"] == '"a"'

    asyncio.run(run())


@pytest.mark.parametrize(
    "location", ["/", "/again", "ftp://example.org/", "file:///etc/passwd", "http://", "//[", "javascript:alert(1)"]
)
def test_redirect_in_a_circle_or_to_no_web_address_is_named(location: str) -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        server.serve("/again", status=302, headers={"Location": "/"})
        return await session.request("GET", server.serve("/", status=302, headers={"Location": location}))

    assert _error_with_server(ask).kind is ErrorClass.REDIRECT


def test_endless_chain_of_redirects_ends_at_the_limit() -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        for place in range(20):
            server.serve(f"/{place}", status=301, headers={"Location": f"/{place + 1}"})
        try:
            return await session.request("GET", server.url("/0"))
        finally:
            assert len(server.requests) == QUICK.redirects + 1

    assert _error_with_server(ask).kind is ErrorClass.REDIRECT


def test_announced_large_body_is_refused_before_it_is_read() -> None:
    error = _error_with_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", then="hang")
    assert error.kind is ErrorClass.TOO_LARGE


def test_large_body_is_cut_off_while_it_comes() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(1600):
            await answer.write(b"x" * 65536)
        return answer

    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("GET", server.script("/", endless))

    assert _error_with_server(ask).kind is ErrorClass.TOO_LARGE


def test_bomb_is_cut_off_while_it_unpacks() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 100_000

    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("GET", server.serve("/", bomb, headers={"Content-Encoding": "gzip"}))

    assert _error_with_server(ask).kind is ErrorClass.TOO_LARGE


def test_body_that_never_ends_is_ended_by_the_deadline() -> None:
    limits = HttpLimits(total=timedelta(milliseconds=400), idle=timedelta(seconds=5))
    error = _error_with_raw(b"HTTP/1.1 200 OK\r\n\r\n<rss>", then="drip", limits=limits)
    assert error.kind is ErrorClass.TIMEOUT


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\n\r\n<rss>"])
def test_silence_is_ended_by_the_idle_limit(answer: bytes) -> None:
    assert _error_with_raw(answer, then="hang").kind is ErrorClass.TIMEOUT


@pytest.mark.parametrize(
    ("answer", "then", "kind"),
    [
        (b"", "close", ErrorClass.CONNECT),
        (b"", "reset", ErrorClass.CONNECT),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>", "close", ErrorClass.CONNECT),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>", "reset", ErrorClass.CONNECT),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "close", ErrorClass.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", "close", ErrorClass.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 5_000 + b"\r\n", "close", ErrorClass.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nhi", "close", ErrorClass.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi", "close", ErrorClass.PROTOCOL),
    ],
)
def test_broken_answer_is_named(answer: bytes, then: str, kind: ErrorClass) -> None:
    assert _error_with_raw(answer, then=then).kind is kind


def test_body_cut_off_inside_its_compression_is_named() -> None:
    packed = gzip.compress(b"words" * 1000)[:-9]

    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("GET", server.serve("/", packed, headers={"Content-Encoding": "gzip"}))

    assert _error_with_server(ask).kind is ErrorClass.PROTOCOL


def test_closed_port_is_a_connect_error() -> None:
    async def run() -> None:
        async with LocalServer() as server:
            url = server.url("/")
        async with GuardedSession(allow_networks=LOOPBACK) as session:
            await session.request("GET", url)

    with pytest.raises(FetchError) as caught:
        asyncio.run(run())
    assert caught.value.kind is ErrorClass.CONNECT


@pytest.mark.parametrize("url", ["", "news", "ftp://example.org/", "http://", "http://a:99999/", "http://[::1/"])
def test_what_is_no_web_address_is_named(url: str) -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("GET", url)

    assert _error_with_server(ask).kind is ErrorClass.URL


def test_name_without_address_is_a_dns_error() -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("GET", "http://no-such-name.invalid/")

    assert _error_with_server(ask).kind is ErrorClass.DNS


def test_plain_server_behind_an_https_url_is_a_tls_error() -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("GET", server.url("/").replace("http:", "https:"))

    assert _error_with_server(ask).kind is ErrorClass.TLS


def test_no_body_is_read_where_none_is_wanted() -> None:
    async def ask(session: GuardedSession, server: LocalServer) -> Response:
        return await session.request("POST", server.serve("/", b"x" * 2_000_000), body=b"{}", body_bytes=0)

    answer = _with_server(ask)
    assert (answer.status, answer.body) == (200, b"")


def test_one_failing_host_leaves_the_others_alone() -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async def run() -> list[Response | BaseException]:
        async with (
            LocalServer() as bad,
            LocalServer() as good,
            GuardedSession(allow_networks=LOOPBACK, limits=QUICK) as session,
        ):
            bad.script("/", hang)
            good.serve("/", b"ok")
            urls = [bad.url("/")] * 3 + [good.url("/")] * 3
            return await asyncio.gather(*(session.request("GET", url) for url in urls), return_exceptions=True)

    answers = asyncio.run(run())
    assert [answer.kind for answer in answers[:3] if isinstance(answer, FetchError)] == [ErrorClass.TIMEOUT] * 3
    assert [answer.body for answer in answers[3:] if isinstance(answer, Response)] == [b"ok"] * 3


def test_host_is_named_with_its_port() -> None:
    assert host_of("https://News.Example/a") == "news.example:443"
    assert host_of("http://[") == ""


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_certificate_that_nobody_vouches_for_is_a_tls_error(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    subprocess.run(
        [*command, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))

    async def run(client_context: ssl.SSLContext | None) -> Response:
        async with (
            LocalServer(ssl_context=context) as server,
            GuardedSession(allow_networks=LOOPBACK, ssl_context=client_context) as session,
        ):
            return await session.request("GET", server.serve("/", b"ok"))

    assert asyncio.run(run(trusting)).body == b"ok"
    with pytest.raises(FetchError) as caught:
        asyncio.run(run(None))
    assert caught.value.kind is ErrorClass.TLS
