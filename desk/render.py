"""Renders templates. Everything from feeds is untrusted: escaped, isolated, links http(s) only. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup, escape

from connectors.records import Evidence, Report
from desk import labels
from desk.assets import asset_url

# Characters that reorder, hide or break the text around them: bidi embeddings, overrides and
# isolates, C0 and C1 controls, line separators, lone surrogates. Directional *marks* and joiners
# stay: Persian and Arabic need them.
_UNSAFE = re.compile("[\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ufeff\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_AROUND = 110
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def plain(text: str) -> str:
    """Replace what could spoof the page around a feed's text by a space."""
    return _UNSAFE.sub(" ", text)


def plain_lines(text: str) -> str:
    """The same, line breaks kept: for what is shown as typed."""
    return "\n".join(map(plain, text.split("\n")))


def safe_link(url: str) -> str:
    """Give an http(s) URL back; "" for anything else."""
    if _UNSAFE.search(url) or any(character.isspace() for character in url):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and host else ""


def language_code(code: str) -> str:
    """Give a language code fit for a lang attribute; "und" otherwise."""
    return code if _LANGUAGE.fullmatch(code) else "und"


def highlight(text: str, evidence: Iterable[Evidence], field: str) -> Markup:
    """Mark the matched words of one field; a long text is cut down to what stands around them."""
    spans = _merged(len(text), ((one.start, one.end) for one in evidence if one.field == field))
    windows = _merged(len(text), ((start - _AROUND, end + _AROUND) for start, end in spans))
    if len(text) <= 4 * _AROUND or not windows:
        windows = [(0, min(len(text), 4 * _AROUND))]
    pieces: list[Markup] = []
    shown = 0
    for begin, stop in windows:
        begin, stop = _to_words(text, begin, stop)
        begin = max(begin, shown)
        if begin > shown:
            pieces.append(Markup("… " if not pieces else " … "))
        at = begin
        for start, end in spans:
            if begin <= start and end <= stop:
                pieces += [escape(plain(text[at:start])), Markup("<mark>{}</mark>").format(plain(text[start:end]))]
                at = end
        pieces.append(escape(plain(text[at:stop])))
        shown = stop
    if shown < len(text):
        pieces.append(Markup(" …"))
    return Markup("").join(pieces)


def _merged(length: int, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Clip spans to the text, drop empty ones, join those that touch."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((max(0, start), min(length, end)) for start, end in spans):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _to_words(text: str, begin: int, stop: int) -> tuple[int, int]:
    """Move a window's edges outwards to spaces, a little way at most."""
    if begin > 0 and (space := text.rfind(" ", max(0, begin - 30), begin)) >= 0:
        begin = space + 1
    if stop < len(text) and (space := text.find(" ", stop, stop + 30)) >= 0:
        stop = space
    return begin, stop


def clock(at: datetime | None, now: datetime) -> str:
    """Print an instant as "12:04", with the day where that is not today's. UTC."""
    if at is None:
        return "undated"
    at = at.astimezone(UTC)
    day = f"{at.day} {_MONTHS[at.month - 1]}" + ("" if at.year == now.year else f" {at.year}")
    return f"{at:%H:%M}" if at.date() == now.date() else f"{day} {at:%H:%M}"


def stamp(at: datetime | None) -> str:
    """Print an instant in full. UTC."""
    return "undated" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine_time(at: datetime) -> str:
    """Print an instant for a datetime attribute."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(length: timedelta) -> str:
    """Print a span in its two largest units: "2 h 10 min"."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def after(later: Report, first: Report) -> str:
    """Print how long after the first report another came out: "+2 h 10 min"; earlier ones with a minus."""
    length = (later.published_at or later.fetched_at) - (first.published_at or first.fetched_at)
    return f"−{span(-length)}" if length < timedelta(0) else f"+{span(length)}"


def count(number: float) -> str:
    """Print a number with thin spaces between thousands."""
    return f"{number:,.0f}".replace(",", "\u202f") if number >= 100 or number == int(number) else f"{number:.1f}"


def size(number_of_bytes: int) -> str:
    """Print a size in mebibytes."""
    return f"{number_of_bytes / 2**20:.1f} MiB"


def sparkline(values: Sequence[float], width: int = 240, height: int = 40) -> str:
    """Points of a polyline over those values, zero at the bottom."""
    if len(values) < 2:
        return ""
    top = max(*values, 1e-9)
    steps = width / (len(values) - 1)
    return " ".join(
        f"{place * steps:.1f},{height - 1 - value / top * (height - 3):.1f}" for place, value in enumerate(values)
    )


def environment() -> jinja2.Environment:
    """Build the template environment: autoescaping everywhere, undefined names are errors."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        plain=plain, plain_lines=plain_lines, safe_link=safe_link,
        language=language_code, stamp=stamp, machine_time=machine_time,
        span=span, count=count, size=size, interest=labels.interest_label, interest_kind=labels.interest_kind,
        interest_name=labels.interest_name,
        control=labels.control_label, adjective=labels.adjective,
    )  # fmt: skip
    made.globals.update(
        asset=asset_url,
        after=after,
        clock=clock,
        highlight=highlight,
        ladder_step=labels.ladder_step,
        sparkline=sparkline,
        telling=labels.telling,
    )
    return made
