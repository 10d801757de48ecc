"""Background work leaves the processor to others, and takes it all where nobody else wants it."""

from __future__ import annotations

import gc
import platform
import sys

import psutil
import pytest

from pipelines.background import give_back_memory, giving_way, uncollected


class Clock:
    """Time that passes where it is told to: a tenth of a millisecond at each look, and asleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asleep = 0.0

    def __call__(self) -> float:
        self.now += 0.0001
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.asleep += seconds


def work(calls: int) -> int:
    return sum(step(number) for number in range(calls))


def step(number: int) -> int:
    return number % 2


def test_work_takes_little_of_the_time_while_others_compute() -> None:
    clock = Clock()
    with giving_way(clock, clock.sleep, lambda: clock.now):
        assert work(10_000) == 5_000
    assert clock.now > 1
    assert 0.92 < clock.asleep / clock.now < 0.97


def test_work_takes_most_of_the_time_while_others_are_idle() -> None:
    clock = Clock()
    with giving_way(clock, clock.sleep, lambda: 0.0):
        assert work(10_000) == 5_000
    assert clock.asleep / clock.now < 0.35


def test_pace_ends_with_the_block_also_where_the_work_fails() -> None:
    before = sys.getprofile()
    try:
        with giving_way():
            raise ValueError("fails")
    except ValueError:
        assert sys.getprofile() is before


@pytest.mark.parametrize("is_enabled", [True, False])
def test_uncollected_leaves_the_collector_as_it_was(is_enabled: bool) -> None:
    before = gc.isenabled()
    (gc.enable if is_enabled else gc.disable)()
    try:
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library decides")
def test_memory_that_was_freed_goes_back_though_something_stands_behind_it() -> None:
    process = psutil.Process()
    blocks = [bytes(4_000) for _ in range(20_000)]
    last = blocks.pop()
    blocks.clear()
    before = process.memory_info().rss
    give_back_memory()
    assert before - process.memory_info().rss > 50_000_000
    assert last
