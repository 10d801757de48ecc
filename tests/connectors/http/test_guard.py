"""Addresses that must never be connected to, by whatever way they come."""

from __future__ import annotations

import asyncio
import socket

import pytest

from connectors.http.client import GuardedSession
from connectors.http.errors import ErrorClass, FetchError
from connectors.http.guard import AddressGuard, GuardedResolver
from connectors.http.testing import LocalServer

REFUSED = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.251",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2a00:1450::5efe:7f00:1",
    "100::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "no address",
]


@pytest.mark.parametrize("address", REFUSED)
def test_special_address_is_refused(address: str) -> None:
    assert AddressGuard().refusal(address) != ""


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "172.15.255.255", "100.128.0.1", "2a00:1450:4001:82f::200e", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_address_is_allowed(address: str) -> None:
    assert AddressGuard().refusal(address) == ""


def test_listed_network_is_allowed_and_its_neighbours_are_not() -> None:
    guard = AddressGuard(("10.1.0.0/16", "127.0.0.2/32", "fd12::/16"))
    assert guard.refusal("10.1.2.3") == ""
    assert guard.refusal("::ffff:127.0.0.2") == ""
    assert guard.refusal("fd12::1") == ""
    assert "private" in guard.refusal("10.2.0.1")
    assert "loopback" in guard.refusal("127.0.0.1")


def test_refusal_says_why() -> None:
    assert "metadata" in AddressGuard().refusal("169.254.169.254")


def _error_of(url: str, *, allow: tuple[str, ...] = ()) -> FetchError:
    async def ask() -> None:
        async with GuardedSession(allow_networks=allow) as session:
            await session.request("GET", url)

    with pytest.raises(FetchError) as caught:
        asyncio.run(ask())
    return caught.value


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "localhost", "2130706433", "0x7f000001", "127.1"],
)
def test_every_spelling_of_a_local_address_is_refused(host: str) -> None:
    assert _error_of(f"http://{host}/").kind in (ErrorClass.ADDRESS_REFUSED, ErrorClass.URL)


@pytest.mark.parametrize("goal", ["http://127.0.0.1:{port}/", "http://169.254.169.254/latest", "http://[::1]/"])
def test_redirect_from_an_allowed_to_a_refused_address_is_refused(goal: str) -> None:
    async def ask() -> None:
        async with (
            LocalServer(host="127.0.0.2") as allowed,
            LocalServer() as refused,
            GuardedSession(allow_networks=("127.0.0.2/32",)) as session,
        ):
            target = refused.serve("/", b"secret")
            port = target.rpartition(":")[2].strip("/")
            url = allowed.serve("/go", status=302, headers={"Location": goal.format(port=port)})
            try:
                await session.request("GET", url)
            finally:
                assert refused.requests == {}

    with pytest.raises(FetchError) as caught:
        asyncio.run(ask())
    assert caught.value.kind is ErrorClass.ADDRESS_REFUSED


def test_name_that_changes_to_a_refused_address_after_the_look_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lying(self: GuardedResolver, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 6, "flags": 0}]

    monkeypatch.setattr(GuardedResolver, "resolve", lying)
    assert _error_of("http://news.example/").kind is ErrorClass.ADDRESS_REFUSED


def test_pooled_connection_is_checked_again() -> None:
    async def ask() -> None:
        async with LocalServer() as server, GuardedSession(allow_networks=("127.0.0.0/8",)) as session:
            url = server.serve("/", b"ok")
            await session.request("GET", url)
            # The guard of a running session never changes; taking the permission away shows who looks.
            session._guard._allowed = ()
            session._guard.check_host = lambda host: None  # type: ignore[method-assign]
            await session.request("GET", url)

    with pytest.raises(FetchError) as caught:
        asyncio.run(ask())
    assert caught.value.kind is ErrorClass.ADDRESS_REFUSED
