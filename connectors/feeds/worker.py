"""The process that parses for a pool: reads requests from stdin, writes outcomes to stdout, dies with its parent.

Run as ``python -m connectors.feeds.worker MEMORY_BYTES``. It is started by ``connectors.feeds.pool``
and imports nothing but the parser, so that it stays small.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import signal
import struct
import sys
from datetime import datetime
from typing import BinaryIO

import msgspec

from connectors.feeds.parse import parse_feed
from connectors.feeds.parsed import ParsedFeed

LENGTH = struct.Struct(">I")
# Above this a worker asks to be replaced: memory that a large document took is rarely given back.
_SWOLLEN_BYTES = 96 * 1024 * 1024
_PR_SET_PDEATHSIG = 1


class Request(msgspec.Struct, array_like=True):
    """One document to parse."""

    body: bytes
    base_url: str
    content_type: str
    now: datetime | None
    # CPU seconds after which the kernel ends the worker, should its parent be unable to.
    cpu_seconds: int
    max_body_bytes: int


class Reply(msgspec.Struct, array_like=True):
    """Outcome of one request; ``is_last`` says that the worker ends after it."""

    parsed: ParsedFeed
    is_last: bool


REQUESTS = msgspec.msgpack.Decoder(Request)
REPLIES = msgspec.msgpack.Decoder(Reply)
ENCODER = msgspec.msgpack.Encoder()


def _die_with_parent() -> None:
    """Ask the kernel to end this process when the thread that started it is gone (Linux only)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _limit_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until the source ends or the worker has swollen."""
    while len(size := source.read(LENGTH.size)) == LENGTH.size:
        request = REQUESTS.decode(source.read(LENGTH.unpack(size)[0]))
        _limit_cpu(request.cpu_seconds)
        parsed = parse_feed(
            request.body,
            base_url=request.base_url,
            content_type=request.content_type,
            now=request.now,
            max_body_bytes=request.max_body_bytes,
        )
        del request
        is_last = _resident_bytes() > _SWOLLEN_BYTES
        reply = ENCODER.encode(Reply(parsed, is_last))
        sink.write(LENGTH.pack(len(reply)) + reply)
        sink.flush()
        if is_last:
            return


def main() -> None:
    """Serve on the standard streams under the limits given on the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    _limit(int(sys.argv[1]))
    gc.freeze()
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except MemoryError:
        # No clean-up: it may need memory too.
        os._exit(70)
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
