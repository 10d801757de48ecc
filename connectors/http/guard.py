"""Refuses addresses that a feed or a webhook has no business with, where the connection is made.

The check sits in the resolver, in the creation of every socket and on the connected peer, so that
neither redirects, DNS rebinding nor odd spellings of an address get past it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from concurrent.futures import Executor
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from connectors.http.errors import ErrorClass, FetchError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "100.100.100.200", "fd00:ec2::254")))
# Special purposes by the IANA registries (RFC 6890 and its updates), named so that a refusal says why.
_SPECIAL: tuple[tuple[Network, str], ...] = tuple(
    (ipaddress.ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier's customers"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


class AddressGuard:
    """Says which addresses may be connected to: public ones, and the networks an operator lists."""

    def __init__(self, allow_networks: Iterable[str] = ()) -> None:
        """Errors: ValueError for text that is no network."""
        self._allowed = tuple(ipaddress.ip_network(network) for network in allow_networks)

    def refusal(self, text: str) -> str:
        """Say why an address is refused, or "" where it may be connected to."""
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return f"{text} is no address"
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if any(address.version == network.version and address in network for network in self._allowed):
            return ""
        for hidden in _carried(address):
            if why := self.refusal(str(hidden)):
                return f"{address} carries {why}"
        if address in _METADATA:
            return f"{address} is a cloud metadata service"
        for network, why in _SPECIAL:
            if address.version == network.version and address in network:
                return f"{address} is {why}"
        # What later registries add, as far as this Python knows them.
        return "" if address.is_global and not address.is_multicast else f"{address} is not public"

    def check(self, address: str) -> None:
        """Errors: FetchError(ADDRESS_REFUSED)."""
        if why := self.refusal(address):
            raise FetchError(ErrorClass.ADDRESS_REFUSED, why)

    def check_host(self, host: str) -> None:
        """Check a URL's host where it is an address in itself. Errors: as ``check``."""
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return
        self.check(host)


def _carried(address: Address) -> list[ipaddress.IPv4Address]:
    """IPv4 addresses that a gateway would reach through this one: NAT64, 6to4, Teredo, ISATAP."""
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    number = int(address)
    found: list[ipaddress.IPv4Address] = []
    if address in _NAT64 or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        found.append(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    if address.sixtofour:
        found.append(address.sixtofour)
    if address.teredo:
        found.extend(address.teredo)
    return found


class GuardedResolver(AbstractResolver):
    """Looks names up with the system's resolver and gives only addresses that the guard allows."""

    def __init__(self, guard: AddressGuard, executor: Executor | None) -> None:
        self._guard = guard
        self._executor = executor

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Errors: OSError where the name has no address, FetchError where each is refused."""
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(self._executor, _look_up, host, port, family)
        allowed: list[ResolveResult] = []
        refused = ""
        for address_family, protocol, address in answers:
            if why := self._guard.refusal(address):
                refused = why
                continue
            flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
            allowed.append(
                ResolveResult(
                    hostname=host, host=address, port=port, family=address_family, proto=protocol, flags=flags
                )
            )
        if not allowed and refused:
            raise FetchError(ErrorClass.ADDRESS_REFUSED, f"{host}: {refused}")
        return allowed

    async def close(self) -> None:
        """Hold nothing open, give nothing back."""


def _look_up(host: str, port: int, family: int) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    # AI_ADDRCONFIG: no IPv6 answers on a machine that has no IPv6.
    flags = socket.AI_ADDRCONFIG
    for address_family, _, protocol, _, place in socket.getaddrinfo(
        host, port, family=family, type=socket.SOCK_STREAM, flags=flags
    ):
        if address_family in (socket.AF_INET, socket.AF_INET6):
            found.append((address_family, protocol, str(place[0])))
    return found


class GuardedConnector(aiohttp.TCPConnector):
    """Makes connections whose every address passed the guard, pooled ones included."""

    def __init__(self, guard: AddressGuard, **options: Any) -> None:
        self._guard = guard
        super().__init__(socket_factory=self._new_socket, **options)

    def _new_socket(self, addr_info: Any) -> socket.socket:
        family, kind, protocol, _, place = addr_info
        self._guard.check(str(place[0]))
        opened = socket.socket(family=family, type=kind, proto=protocol)
        opened.setblocking(False)
        return opened

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 (named by aiohttp)
        """Errors: FetchError(ADDRESS_REFUSED) where the connected peer is not one to talk to."""
        connection = await super().connect(req, traces, timeout)
        peer = connection.transport.get_extra_info("peername") if connection.transport else None
        if peer is not None:
            try:
                self._guard.check(str(peer[0]))
            except FetchError:
                connection.close()
                raise
        return connection
