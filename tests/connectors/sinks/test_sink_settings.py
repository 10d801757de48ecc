"""Settings of sinks: good ones, every mistake, and what they never show."""

import base64
from pathlib import Path

import pytest

from connectors.errors import SettingsError
from connectors.registry import SINKS
from connectors.settings import read
from connectors.sinks.secrets import read_secrets, secret_faults
from connectors.sinks.settings import DeliverSettings, SinkKind, SinkSettings

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def faults_of(folder: Path, text: str) -> list[tuple[int, str, str]]:
    path = folder / "deliver.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        read(DeliverSettings, path)
    return [(fault.line, fault.where, fault.message) for fault in raised.value.faults]


def test_every_kind_is_served() -> None:
    assert set(SINKS) == set(SinkKind)


def test_good_settings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "deliver.yaml"
    path.write_text(
        f"""
sinks:
  - {{name: desk, kind: webhook, url: "https://desk.example/hook", secret: {SECRET}, timeout: 20s}}
  - {{name: log, kind: stream, path: "-"}}
  - {{name: mail, kind: apprise, url: "mailto://user:pass@mail.example"}}
  - {{name: chat, kind: telegram, token_file: /run/token, to: "-100200"}}
  - {{name: team, kind: slack, token: xoxb-1, to: C012345}}
  - {{name: phone, kind: ntfy, to: desk-alerts}}
retry: [0s, 1s, 10m]
allow_networks: [10.1.0.0/16]
"""
    )
    settings = read(DeliverSettings, path)
    assert [sink.kind for sink in settings.sinks] == list(
        map(SinkKind, ("webhook", "stream", "apprise", "telegram", "slack", "ntfy"))
    )
    assert settings.queue_limit == 10_000


def test_every_mistake_is_listed_with_its_line(tmp_path: Path) -> None:
    found = faults_of(
        tmp_path,
        """sinks:
  - name: desk
    kind: webhook
    secret: whsec_short
  - name: Bad Name
    kind: pigeon
  - name: other
    kind: webhook
    url: ftp://desk.example/
    secret: hunter2
    to: somebody
  - name: chat
    kind: telegram
    tokn: 123
    timeout: 5m
""",
    )
    assert [(line, where) for line, where, _ in found] == [
        (2, "sinks[0].url"),
        (4, "sinks[0].secret"),
        (6, "sinks[1].kind"),
        (11, "sinks[2].to"),
        (9, "sinks[2].url"),
        (10, "sinks[2].secret"),
        (14, "sinks[3].tokn"),
        (15, "sinks[3].timeout"),
    ]
    messages = " | ".join(message for _, _, message in found)
    assert "one of webhook, stream, apprise" in messages
    assert "did you mean 'token'" in messages
    assert "hunter2" not in messages
    assert "short" not in messages


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("sinks:\n- {name: a, kind: stream, path: x}\n- {name: a, kind: stream, path: y}\n", "sinks", "twice"),
        ("retry: []\n", "retry", "at least one"),
        ("allow_networks: [10.1.0.0/99]\n", "allow_networks", "expected networks"),
        ("sinks: [{name: A b, kind: stream, path: x}]\n", "sinks[0].name", "a-z"),
        ("sinks: [{name: a, kind: ntfy, to: t, token: x, token_file: y}]\n", "sinks[0].token_file", "got both"),
        ("sinks: [{name: a, kind: slack, token: x}]\n", "sinks[0].to", "required"),
    ],
)
def test_mistakes_that_no_single_field_shows(tmp_path: Path, text: str, where: str, said: str) -> None:
    ((_, found, message),) = faults_of(tmp_path, text)
    assert found == where
    assert said in message


def test_secrets_show_neither_in_repr_nor_in_scrubbed_text() -> None:
    url = "https://user:hunter22@desk.example/services/T0KEN/part?key=s3cr3t"
    sink = SinkSettings(name="desk", kind=SinkKind.WEBHOOK, url=url, secret=SECRET, token="t0k3n")
    secrets = read_secrets(sink)
    shown = f"{sink!r} {DeliverSettings(sinks=(sink,))!r} {secrets!r} " + secrets.scrub(
        f"cannot connect to {url} with {SECRET}: POST /services/T0KEN/part?key=s3cr3t failed, t0k3n"
    )
    assert not [part for part in ("hunter22", "T0KEN", "s3cr3t", SECRET, "t0k3n") if part in shown]


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "url").write_text("https://desk.example/hook\n")
    sink = SinkSettings(
        name="desk", kind=SinkKind.WEBHOOK, url_file=str(tmp_path / "url"), secret_file=str(tmp_path / "secret")
    )
    secrets = read_secrets(sink)
    assert (secrets.url, secrets.secret) == ("https://desk.example/hook", SECRET)


def test_every_bad_secret_file_is_listed(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bad").write_text("hunter2hunter2")
    (tmp_path / "url").write_text("gopher://x")
    gone = str(tmp_path / "gone")
    sinks = [
        SinkSettings(name="a", kind=SinkKind.WEBHOOK, url_file=gone, secret_file=str(tmp_path / "empty")),
        SinkSettings(name="b", kind=SinkKind.WEBHOOK, url="https://x.example/", secret_file=str(tmp_path / "bad")),
        SinkSettings(name="c", kind=SinkKind.WEBHOOK, url_file=str(tmp_path / "url"), secret=SECRET),
    ]
    faults = secret_faults(sinks)
    assert [Path(fault.path).name for fault in faults] == ["gone", "empty", "bad", "url"]
    assert "hunter2" not in " ".join(map(str, faults))
