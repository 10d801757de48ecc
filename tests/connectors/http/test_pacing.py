"""Pacing: starts at one host keep their distance, and hosts do not wait for each other."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from connectors.http.pacing import HostPacer


def test_starts_of_one_host_are_spaced_and_other_hosts_start_at_once() -> None:
    async def run() -> None:
        pacer = HostPacer(timedelta(seconds=2))
        now = asyncio.get_running_loop().time()
        starts = [pacer.book("a") for _ in range(3)]
        assert starts[0] >= now
        assert [round(start - starts[0], 6) for start in starts] == [0, 2, 4]
        assert pacer.book("b") < starts[1]

    asyncio.run(run())


def test_no_more_than_the_allowed_run_at_a_time() -> None:
    most = {"a": 0, "b": 0, "all": 0}
    running = {"a": 0, "b": 0, "all": 0}

    async def use(pacer: HostPacer, host: str) -> None:
        async with pacer.slot(host):
            for name in (host, "all"):
                running[name] += 1
                most[name] = max(most[name], running[name])
            await asyncio.sleep(0.01)
            for name in (host, "all"):
                running[name] -= 1

    async def run() -> None:
        pacer = HostPacer(parallel=2, total=3)
        await asyncio.gather(*(use(pacer, host) for host in "abababab"))

    asyncio.run(run())
    assert most == {"a": 2, "b": 2, "all": 3}


def test_start_that_was_booked_is_not_waited_for_twice() -> None:
    async def run() -> None:
        pacer = HostPacer(timedelta(hours=1))
        pacer.book("a")
        async with asyncio.timeout(5), pacer.slot("a", booked=True):
            pass

    asyncio.run(run())


def test_place_is_given_back_after_a_failure() -> None:
    async def run() -> None:
        pacer = HostPacer(parallel=1)
        for _ in range(3):
            try:
                async with pacer.slot("a"):
                    raise OSError
            except OSError:
                continue
        async with asyncio.timeout(5), pacer.slot("a"):
            pass

    asyncio.run(run())


def test_hosts_at_rest_are_forgotten() -> None:
    async def run() -> None:
        pacer = HostPacer()
        for number in range(10_000):
            pacer.book(str(number))
        assert len(pacer._hosts) <= 4096

    asyncio.run(run())


def test_host_that_complained_is_left_alone_and_others_are_not() -> None:
    async def run() -> None:
        pacer = HostPacer()
        now = asyncio.get_running_loop().time()
        pacer.hold("a", timedelta(minutes=1))
        pacer.hold("a", timedelta(seconds=1))
        assert pacer.book("a") >= now + 60
        assert pacer.book("b") < now + 60

    asyncio.run(run())
