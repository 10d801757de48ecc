"""What is said of an alert: a JSON body for machines, cut to a size, and a short text for people. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import msgspec

from connectors.codec import encode
from connectors.records import Alert, Report

# Standard Webhooks asks for less than 20 kB.
BODY_BYTES = 20_000
_WINDOW_CHARACTERS = 1_000
_URL_CHARACTERS = 1_000
_REPORTS_SHOWN = 4
# What a receiver finds the alert by is never cut; both are short hashes.
_KEPT = frozenset({"alert_id", "story_id"})


def webhook_body(alert: Alert, limit_bytes: int = BODY_BYTES) -> bytes:
    """JSON of one alert in fewer than ``limit_bytes`` bytes (at least 16,000).

    ``type`` is alert.raised or alert.revised, ``id`` the idempotency key, ``data`` the alert.
    ``trimmed`` names the fields that had to be cut: words around the evidence go first, then
    reports between the first and the newest, then the length of every text and list.
    """
    data: dict[str, Any] = msgspec.json.decode(encode(alert))
    trimmed: list[str] = []
    for cut in _cuts(data):
        body = encode(
            {
                "type": "alert.raised" if alert.revision == 1 else "alert.revised",
                "timestamp": data["raised_at"],
                "id": alert.key,
                "trimmed": trimmed,
                "data": data,
            }
        )
        if len(body) < limit_bytes:
            return body
        trimmed += [name for name in cut() if name not in trimmed]
    raise AssertionError("the last cut always fits")


class _Size(NamedTuple):
    """How much may stay: characters of a text and of a URL, items of a list."""

    text: int
    url: int
    items: int


def _cuts(data: dict[str, Any]) -> Iterator[Callable[[], list[str]]]:
    """Yield cuts from the mildest to the hardest; the last one stands for "nothing left to cut"."""
    yield lambda: _cut_evidence(data)
    while len(data["reports"]) > 2:
        yield lambda: _halve_reports(data)
    yield partial(_cut_everything, data, _Size(400, _URL_CHARACTERS, 20))
    # A character takes up to six bytes of JSON: this fits whatever the words are.
    yield partial(_cut_everything, data, _Size(40, 200, 3))
    yield list


def _cut_evidence(data: dict[str, Any]) -> list[str]:
    """Keep the words around the first evidence in the text, with offsets into what is kept."""
    text = data["evidence_text"]
    if len(text) <= _WINDOW_CHARACTERS:
        return []
    first = min((found["start"] for found in data["evidence"] if found["field"] == "text"), default=0)
    begin = max(0, min(first - _WINDOW_CHARACTERS // 4, len(text) - _WINDOW_CHARACTERS))
    end = begin + _WINDOW_CHARACTERS
    data["evidence_text"] = text[begin:end]
    data["evidence"] = [
        found | {"start": found["start"] - begin, "end": found["end"] - begin} if found["field"] == "text" else found
        for found in data["evidence"]
        if found["field"] != "text" or begin <= found["start"] <= found["end"] <= end
    ]
    return ["evidence_text", "evidence"]


def _halve_reports(data: dict[str, Any]) -> list[str]:
    """Keep the first report and the newer half of the others."""
    first, *others = data["reports"]
    data["reports"] = [first, *others[(len(others) + 1) // 2 :]]
    return ["reports"]


def _cut_everything(data: dict[str, Any], size: _Size) -> list[str]:
    """Cut every text and list; a URL that is too long is left out, because half of one leads nowhere."""
    changed = []
    for name, value in data.items():
        short = _shortened(name, value, size)
        if short != value:
            data[name] = short
            changed.append(name)
    return changed


def _shortened(name: str, value: Any, size: _Size) -> Any:
    if isinstance(value, str):
        if name == "url":
            return value if len(value) <= size.url else ""
        return value if len(value) <= size.text or name in _KEPT else value[: size.text - 1] + "…"
    if isinstance(value, list):
        return [_shortened(name, each, size) for each in value[: size.items]]
    if isinstance(value, dict):
        return {key: _shortened(key, each, size) for key, each in value.items()}
    return value


def headline(alert: Alert) -> str:
    """One line that a phone shows: how severe, and what."""
    update = "" if alert.revision == 1 else f" (update {alert.revision - 1})"
    return f"[{alert.severity}] {_one_line(alert.title, 200)}{update}"


def message(alert: Alert) -> str:
    """Plain text for people: who says so, who reported it when, the link, the rule."""
    shown = alert.reports
    if len(shown) > _REPORTS_SHOWN:
        shown = (shown[0], *shown[1 - _REPORTS_SHOWN :])
    lines = [_one_line(alert.line, 500)]
    lines += [_report_line(report) for report in shown]
    if (more := alert.report_count - len(shown)) > 0:
        lines.append(f"and {more} more {'report' if more == 1 else 'reports'}")
    if alert.url:
        lines.append(alert.url[:_URL_CHARACTERS])
    standing = ", ".join((alert.state.value, *alert.flags))
    lines.append(f"{_one_line(alert.rule, 100)} · {standing} · {alert.key}")
    return "\n".join(lines)


def _report_line(report: Report) -> str:
    at = report.published_at or report.fetched_at
    label = f" ({report.interest})" if report.interest and not report.interest.startswith("unknown") else ""
    copy = ", a copy" if report.copy_of else ""
    return f"{at:%d %b %H:%M} UTC  {_one_line(report.source, 80)}{label}{copy}"


def _one_line(text: str, characters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= characters else text[: characters - 1] + "…"
