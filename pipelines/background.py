"""Work that leaves the processor to the others of its process, and work that makes what stays."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

# The slice is short: whoever wants the interpreter waits for its end at most.
_SLICE_SECONDS = 0.0005
# Long enough to see whether others compute meanwhile, and the rest that they get if they do.
_GLANCE_SECONDS = 0.00025
_REST_SECONDS = 0.012
_BUSY_SHARE = 0.2


class _Pace:
    """Asked at every call of the work: sends it to sleep when its slice is over."""

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], None], computed: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._computed = computed
        self._rest_at = clock() + _SLICE_SECONDS

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        if self._clock() < self._rest_at:
            return
        before = self._computed()
        self._sleep(_GLANCE_SECONDS)
        if self._computed() - before > _BUSY_SHARE * _GLANCE_SECONDS:
            self._sleep(_REST_SECONDS)
        self._rest_at = self._clock() + _SLICE_SECONDS


@contextmanager
def giving_way(
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    computed: Callable[[], float] = time.process_time,
) -> Iterator[None]:
    """Let what this thread does in the block take a twenty-fifth of the time while other threads compute.

    Python gives two busy threads half of the time each, and one that computes outside the interpreter, as the
    rule engine does for every item, waits five milliseconds to come back in. Work that knows nothing of this is
    interrupted where the interpreter would call a profiler: at each call, not inside one call of C code.
    ``computed`` gives the seconds that all threads have computed so far.
    """
    before = sys.getprofile()
    sys.setprofile(_Pace(clock, sleep, computed))
    try:
        yield
    finally:
        sys.setprofile(before)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let nothing be collected in the block, which makes what stays: looking for garbage takes a third of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def give_back_memory() -> None:
    """Give what was freed back to the system: the C library keeps it, by the ten megabytes after much work.

    Where it is not glibc nothing is done.
    """
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
