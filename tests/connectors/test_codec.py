"""Records come back as they went in, whichever way they were written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.codec import UnreadableRecordError, decode, encode, encode_small
from connectors.records import Report

_AT = datetime(2022, 11, 8, 9, 30, tzinfo=UTC)
# Lone surrogates have no UTF-8; normalising replaces them before anything is kept.
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def _report(title: str, url: str = "https://news.example/1") -> Report:
    return Report("d3f82028b3ec", "tass", "TASS", "state:RU", "SC", title, url, "ru", _AT, _AT)


@given(title=_TEXTS, url=_TEXTS)
def test_small_and_plain_records_are_read_by_the_same_decoder(title: str, url: str) -> None:
    report = _report(title, url)
    assert decode(Report, encode_small(report)) == decode(Report, encode(report)) == report


def test_small_record_takes_half_the_bytes() -> None:
    report = _report("Patrushev lands in Tehran")
    assert len(encode_small(report)) < len(encode(report)) / 2


@pytest.mark.parametrize("cut", [1, 2, 20, -1])
def test_damaged_small_record_is_unreadable_and_no_crash(cut: int) -> None:
    with pytest.raises(UnreadableRecordError, match="expected a Report"):
        decode(Report, encode_small(_report("Patrushev lands in Tehran"))[:cut])
