"""Redis URLs of every form, against real servers on loopback."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from connectors.errors import SettingsError
from connectors.log.connect import check_url, connect, connect_async
from pipelines.embedded import server_binary
from pipelines.node_testing import free_port

Start = Callable[..., int]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers on loopback ports."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str, config: str = "") -> int:
        port = free_port()
        folder = tmp_path / str(port)
        folder.mkdir()
        command = [server_binary()]
        if config:
            file = folder / "server.conf"
            file.write_text(f"{config}\nport {port}\ndir {folder}\nbind 127.0.0.1\n")
            command.append(str(file))
        else:
            command += ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        with (folder / "server.log").open("wb") as log:
            started.append(subprocess.Popen([*command, *words], stdout=log, stderr=log))
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def until_answers(client: redis.Redis, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            client.ping()
        except redis.AuthenticationError:
            raise
        except redis.RedisError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return


async def ping(url: str) -> bool:
    client = connect_async(url)
    try:
        return bool(await client.ping())
    finally:
        await client.aclose()


def test_password_in_the_url_opens_a_guarded_server(start: Start) -> None:
    port = start("--requirepass", "s:cret/1")
    url = f"redis://:s%3Acret%2F1@127.0.0.1:{port}/3"
    client = connect(url)
    until_answers(client)
    assert client.set("a", 1)
    assert client.connection_pool.connection_kwargs["db"] == 3
    assert asyncio.run(ping(url))
    with pytest.raises(redis.AuthenticationError):
        connect(f"redis://127.0.0.1:{port}/0").ping()


def test_sentinel_url_finds_the_primary(start: Start) -> None:
    primary = start("--requirepass", "secret")
    until_answers(connect(f"redis://:secret@127.0.0.1:{primary}"))
    sentinel = start(
        "--sentinel",
        config=f"sentinel monitor news 127.0.0.1 {primary} 1\nsentinel auth-pass news secret",
    )
    until_answers(connect(f"redis://127.0.0.1:{sentinel}"))
    url = f"redis+sentinel://:secret@127.0.0.1:{sentinel},127.0.0.1:1/news/2"
    client = connect(url)
    until_answers(client)
    client.set("who", "primary")
    assert connect(f"redis://:secret@127.0.0.1:{primary}/2").get("who") == b"primary"
    assert asyncio.run(ping(url))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redis://store.example:6379/0", ""),
        ("rediss://user:password@store.example", ""),
        ("unix:///run/valkey.sock", ""),
        ("redis+sentinel://a:26379,b:26379/news", ""),
        ("http://store.example", "expected a URL of redis"),
        ("redis://", "expected a host"),
        ("unix://", "expected unix:///path"),
        ("redis+sentinel://a:26379", "expected redis+sentinel://host"),
        ("localhost:6379", "expected a URL of redis"),
        ("redis://:secret@store.example:port", "expected a URL such as redis://host:6379/0"),
        ("redis://store.example:99999", "expected a URL such as redis://host:6379/0"),
        ("redis://[::1", "expected a URL such as redis://host:6379/0"),
        ("redis://store.example:0", "expected a host, and a port"),
        ("redis://store.example/news", "expected the number of a database"),
        ("redis://store.example?speed=9", "expected options that the client knows behind the ?, got 'speed'"),
        ("redis://store.example?socket_timeout=x", "expected options that the client knows behind the ?, got a value"),
        ("rediss://store.example?ssl_cert_reqs=x", "expected options that the client knows behind the ?, got a value"),
        ("redis+sentinel://a:x/news", "expected redis+sentinel://host:port[,host:port]/service[/db]; a host or port"),
        ("redis+sentinel://a:26379/news/x", "expected redis+sentinel://host"),
    ],
)
def test_url_is_checked_before_anything_connects(url: str, problem: str) -> None:
    assert check_url(url).startswith(problem)
    if problem:
        with pytest.raises(SettingsError):
            connect(url)


def test_tls_url_asks_for_tls() -> None:
    assert connect("rediss://store.example").connection_pool.connection_class is redis.SSLConnection
    sentinel = connect("rediss+sentinel://store.example:26379/news")
    assert "SSL" in sentinel.connection_pool.connection_class.__name__
