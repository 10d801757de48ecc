"""Who may ask, and what every answer carries."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from connectors.errors import SettingsError
from desk.security import COOKIE, Gate, HostCheck, local_path, read_token
from desk.testing import Newsroom, ask, make_alert
from pipelines.desk_settings import DeskSettings

TOKEN = "correct horse battery staple"
HTML = "text/html,*/*"


@pytest.fixture
def guarded(start_desk: Callable[..., str]) -> str:
    """Address of a desk with a token."""
    return start_desk(token=TOKEN)


@pytest.mark.parametrize("path", ["/", "/feeds", "/ops", "/api/v1/alerts", "/static/desk.css", "/nothing", "/metrics"])
def test_every_answer_carries_the_security_headers(desk: str, path: str) -> None:
    headers = ask(desk + path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Server" not in headers


def test_pages_hold_no_inline_script_style_or_handler(desk: str, newsroom: Newsroom) -> None:
    newsroom.raise_alert(make_alert())
    for path in ("/", "/alerts/a1", "/feeds", "/rules", "/names", "/ops", "/login"):
        page = ask(desk + path).text
        assert page.count("<script") == page.count('<script src="/static/')
        assert "<style" not in page
        assert " style=" not in page
        assert not re.search(r"\son[a-z]+\s*=", page)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8765", "", "[::"])
def test_loopback_desk_answers_under_no_other_name(desk: str, host: str) -> None:
    assert ask(desk + "/api/v1/alerts", Host=host).status in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:80"])
def test_loopback_desk_answers_under_its_own_names(desk: str, host: str) -> None:
    assert ask(desk + "/healthz", Host=host).status == 200


def test_names_in_the_settings_are_allowed_too() -> None:
    check = HostCheck(DeskSettings(hosts=("Desk.Example",)))
    assert [check.takes(host) for host in ("desk.example:80", "localhost", "other")] == [True, True, False]
    elsewhere = HostCheck(DeskSettings(host="0.0.0.0", hosts=("desk.example",)))
    assert [elsewhere.takes(host) for host in ("desk.example", "localhost")] == [True, False]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example", ""])
def test_address_other_than_loopback_demands_a_token(host: str) -> None:
    with pytest.raises(SettingsError, match="token"):
        read_token(DeskSettings(host=host))
    assert read_token(DeskSettings(host=host, token=TOKEN)) == TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert read_token(DeskSettings(host=host)) == ""


def test_token_comes_from_the_first_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\nand a note\n")
    assert read_token(DeskSettings(token_file=str(file))) == TOKEN
    file.write_text("short\n")
    with pytest.raises(SettingsError, match="at least 16 characters, got 5"):
        read_token(DeskSettings(token_file=str(file)))
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_token(DeskSettings(token_file=str(tmp_path / "none")))


def test_token_never_shows_in_the_settings_repr() -> None:
    assert TOKEN not in repr(DeskSettings(token=TOKEN))


def test_without_the_token_nothing_is_told(guarded: str) -> None:
    for path in ("/", "/api/v1/alerts", "/api/v1/openapi.json", "/stream", "/live?since=0-0", "/metrics"):
        answer = ask(guarded + path)
        assert answer.status == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(guarded + "/api/v1/alerts", Authorization="Bearer wrong").status == 401
    assert ask(guarded + "/api/v1/alerts", Authorization=f"Basic {TOKEN}").status == 401
    assert ask(guarded + "/healthz").status == 200
    assert ask(guarded + "/static/desk.css").status == 200


def test_bearer_token_opens_the_api(guarded: str) -> None:
    assert ask(guarded + "/api/v1/alerts", Authorization=f"Bearer {TOKEN}").status == 200


def test_browser_is_sent_to_the_login_and_back_with_a_strict_cookie(guarded: str) -> None:
    away = ask(guarded + "/alerts/x?a=1", Accept=HTML)
    assert (away.status, away.headers["Location"]) == (303, "/login?next=%2Falerts%2Fx%3Fa%3D1")
    assert 'value="/alerts/x?a=1"' in ask(guarded + away.headers["Location"], Accept=HTML).text
    entered = ask(guarded + "/login", "POST", {"token": TOKEN, "next": "/feeds"}, Origin=guarded)
    assert (entered.status, entered.headers["Location"]) == (303, "/feeds")
    cookie, *attributes = [part.strip().lower() for part in entered.headers["Set-Cookie"].split(";")]
    assert {"httponly", "samesite=strict", "path=/"} <= set(attributes)
    assert TOKEN not in cookie
    assert ask(guarded + "/feeds", Accept=HTML, Cookie=cookie).status == 200
    assert ask(guarded + "/feeds", Accept=HTML, Cookie=cookie[:-1]).status == 303


def test_wrong_token_is_said_to_be_wrong_and_sets_no_cookie(guarded: str) -> None:
    refused = ask(guarded + "/login", "POST", {"token": "wrong"}, Origin=guarded)
    assert refused.status == 403
    assert "That is not the token." in refused.text
    assert "Set-Cookie" not in refused.headers


def test_login_from_another_site_is_refused(guarded: str) -> None:
    for origin in ("https://evil.example", "null"):
        assert ask(guarded + "/login", "POST", {"token": TOKEN}, Origin=origin).status == 403


def test_odd_cookie_of_another_service_locks_nobody_out() -> None:
    gate = Gate(TOKEN, lambda: datetime(2022, 11, 8, tzinfo=UTC))
    assert gate.admits(Headers({"cookie": f"a b[=1; {COOKIE}={gate.session()}; =x"}))
    assert not gate.admits(Headers({"cookie": f"{COOKIE}; {COOKIE}=; {COOKIE}=x.y; {COOKIE}=9999999999.é"}))


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("cross-site", "cors", 403),
        ("same-site", "no-cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ],
)
def test_other_sites_may_link_but_load_nothing(desk: str, site: str, mode: str, status: int) -> None:
    assert ask(desk + "/api/v1/alerts", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode).status == status


def test_session_ends_with_its_time_and_with_its_token() -> None:
    now = datetime(2022, 11, 8, tzinfo=UTC)
    clock = [now]
    gate = Gate(TOKEN, lambda: clock[0])
    session = gate.session()
    assert gate.admits(Headers({"cookie": f"{COOKIE}={session}"}))
    assert not Gate(TOKEN + "!", lambda: now).takes_session(session)
    ends, _, signature = session.partition(".")
    assert not gate.takes_session(f"{int(ends) + 1}.{signature}")
    clock[0] = now + timedelta(days=15)
    assert not gate.takes_session(session)


@pytest.mark.parametrize("asked", ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\nb", ""])
def test_login_leads_nowhere_else(asked: str) -> None:
    assert local_path(asked) == "/"
