"""Webhook signatures, against an independent computation and the published example."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from connectors.sinks.signature import key_fault, read_keys, sign, verify

KEY = bytes(range(32))
NOW = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)


def test_headers_are_those_an_independent_implementation_computes() -> None:
    headers = sign([KEY], "a1.1", NOW, b'{"x":1}')
    digest = hmac.new(KEY, b"a1.1.1667908800." + b'{"x":1}', hashlib.sha256).digest()
    assert headers == {
        "webhook-id": "a1.1",
        "webhook-timestamp": "1667908800",
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def test_the_published_example_verifies() -> None:
    (key,) = read_keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_changes_either_key_verifies() -> None:
    old, new, other = b"o" * 32, b"n" * 32, b"x" * 32
    headers = sign([new, old], "a1.1", NOW, b"{}")
    given = (headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"])
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert [verify(key, *given, b"{}", NOW) for key in (new, old, other)] == [True, True, False]


@pytest.mark.parametrize(
    ("message_id", "timestamp", "body", "late"),
    [
        ("a1.2", "1667908800", b"{}", 0),
        ("a1.1", "1667908801", b"{}", 0),
        ("a1.1", "1667908800", b"{ }", 0),
        ("a1.1", "1667908800", b"{}", 301),
        ("a1.1", "now", b"{}", 0),
    ],
)
def test_a_change_of_id_time_or_body_fails(message_id: str, timestamp: str, body: bytes, late: int) -> None:
    signature = sign([KEY], "a1.1", NOW, b"{}")["webhook-signature"]
    assert not verify(KEY, message_id, timestamp, signature, body, NOW + timedelta(seconds=late))


@pytest.mark.parametrize(
    "text", ["", "  ", "hunter2hunter2", "whsec_!!!notbase64", "whsec_c2hvcnQ=", "whsec_" + "A" * 200]
)
def test_a_bad_secret_is_refused_without_being_shown(text: str) -> None:
    fault = key_fault(text)
    assert fault.startswith("expected")
    assert not text.strip() or text.removeprefix("whsec_") not in fault


def test_several_secrets_are_read_in_order() -> None:
    words = [f"whsec_{base64.b64encode(letter * 24).decode()}" for letter in (b"a", b"b")]
    assert read_keys("\n".join(words)) == (b"a" * 24, b"b" * 24)
