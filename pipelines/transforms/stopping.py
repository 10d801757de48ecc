"""The one way to end a pipeline's run: a flag of this process, looked at between pages.

Only the process that serves the pipeline sets it. In worker pools and on clusters it stays unset:
a source that ends there ends for the whole job; cancel the job instead.
"""

from __future__ import annotations

import signal
import threading

_stop = threading.Event()


def request_stop() -> None:
    """Ask every source of this process to end after the page it is at; safe in a signal handler."""
    _stop.set()


def stop_on_signals() -> None:
    """Have SIGTERM and SIGINT ask for the end."""
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: request_stop())


def stop_requested() -> bool:
    """Say whether the end was asked for."""
    return _stop.is_set()


def forget_stop() -> None:
    """Let the next run of this process go on: for tests and for a replay of several parts."""
    _stop.clear()


def wait(seconds: float) -> bool:
    """Wait that long or until the end is asked for; whether it was."""
    return _stop.wait(seconds)
