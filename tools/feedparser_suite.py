"""Runs feedparser's own test-suite, from its source distribution, through this project's parser and sanitiser.

``python -m tools.feedparser_suite`` prints the count per folder; ``--record`` writes it to
``tests/data/feeds/feedparser_suite.json``, from which the counts may only rise. The suite is not
part of this repository: it is unpacked in memory from ``.build/feedparser-sdist``, where it is put
with pip if it is missing.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import subprocess
import sys
import tarfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from feedparser.util import FeedParserDict

from connectors.feeds.faults import ParseFault
from connectors.feeds.parse import parse_feed
from connectors.feeds.parsed import ParsedEntry, ParsedFeed
from connectors.feeds.sanitize import TAGS

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "tests" / "data" / "feeds" / "feedparser_suite.json"
_SDIST_FOLDER = ROOT / ".build" / "feedparser-sdist"
_SUITE_VERSION = "6.0.14"
_DOWNLOAD_SECONDS = 180
_EXPECT = re.compile(rb"Expect:\s*(.*?)(?:-->|\n[A-Z][a-z-]+:|\Z)", re.DOTALL)
_HEADER = re.compile(rb"^Header:\s*([^:\n]+):\s*(.+)$", re.MULTILINE)
_BOZO = frozenset({ParseFault.MALFORMED, ParseFault.INVALID_ENCODING, ParseFault.UNPARSEABLE, ParseFault.NUL_BYTES})
_VERSIONS = {"rss": "rss20", "rdf": "rss10", "atom": "atom10"}


class NoSuiteError(Exception):
    """The suite is neither here nor to be had."""


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the suite."""

    folder: str
    name: str
    body: bytes
    headers: dict[str, str]
    expectation: str


@dataclass(slots=True)
class Report:
    """Counts per folder, and what the strict checker found in the output of any case."""

    passed: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    # "folder/name: what was found", empty where the sanitiser holds.
    unsafe: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return passed and cases per folder, sorted."""
        return {folder: {"passed": self.passed[folder], "cases": self.cases[folder]} for folder in sorted(self.cases)}


def sdist() -> Path:
    """Return the source distribution, downloaded with pip if need be. Errors: NoSuiteError."""
    archive = _SDIST_FOLDER / f"feedparser-{_SUITE_VERSION}.tar.gz"
    if not archive.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "feedparser"]
        command += ["--dest", str(_SDIST_FOLDER), f"feedparser=={_SUITE_VERSION}"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_DOWNLOAD_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise NoSuiteError(f"feedparser {_SUITE_VERSION}'s source distribution cannot be downloaded") from error
    if not archive.exists():
        raise NoSuiteError(f"pip left no {archive.name}")
    return archive


def cases(archive: Path) -> Iterator[Case]:
    """Read the cases that have an expectation about a document."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = Path(member.name).parts
            if not member.isfile() or len(parts) < 4 or parts[1] != "tests" or not member.name.endswith(".xml"):
                continue
            source = tar.extractfile(member)
            body = source.read() if source else b""
            found = _EXPECT.search(body)
            if found is None:
                continue
            headers = {name.decode().strip().lower(): value.decode().strip() for name, value in _HEADER.findall(body)}
            expectation = " ".join(found[1].decode("utf-8", "replace").split())
            yield Case("/".join(parts[2:-1]), parts[-1], body, headers, expectation)


class _Text(str):
    """Text that equals another when both say the same as HTML: spelling of tags and entities aside."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and _canonical(self) == _canonical(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(_canonical(self))


def _canonical(text: str) -> str:
    text = re.sub(r"\s*/?>", ">", text.replace(' rel="noopener noreferrer"', ""))
    return " ".join(html.unescape(html.unescape(text)).replace("'", '"').split())


def _view(parsed: ParsedFeed) -> dict[str, Any]:
    """Show an outcome as feedparser's result would be shown to its suite."""
    feed = parsed.feed
    shown = {"title": _Text(feed.title), "link": feed.link, "language": feed.language, "generator": feed.generator}
    if feed.ttl_seconds is not None:
        shown["ttl"] = str(feed.ttl_seconds // 60)
    return {
        "bozo": bool(_BOZO.intersection(parsed.faults)),
        "version": _VERSIONS.get(feed.format, feed.format),
        "feed": FeedParserDict({name: value for name, value in shown.items() if value}),
        "entries": [_entry_view(entry) for entry in parsed.entries],
    }


def _entry_view(entry: ParsedEntry) -> FeedParserDict:
    content = _Text(entry.content or entry.summary)
    shown: dict[str, Any] = {
        "id": entry.entry_id,
        "link": entry.link,
        "title": _Text(entry.title),
        "title_detail": FeedParserDict(value=_Text(entry.title)),
        "summary": _Text(entry.summary or entry.content),
        "summary_detail": FeedParserDict(value=_Text(entry.summary or entry.content)),
        "content": [FeedParserDict(value=content, language=entry.language)],
        "author": ", ".join(entry.authors),
        "authors": [FeedParserDict(name=name) for name in entry.authors],
        "tags": [FeedParserDict(term=name, scheme=None, label=None) for name in entry.categories],
        "language": entry.language,
    }
    for name, moment in (("published", entry.published_at), ("updated", entry.updated_at)):
        if isinstance(moment, datetime):
            shown[f"{name}_parsed"] = moment.utctimetuple()
    return FeedParserDict({name: value for name, value in shown.items() if value})


class _Strict(HTMLParser):
    """Names everything in a piece of HTML that may not be in stored text."""

    _ATTRIBUTES = frozenset(
        """href src title alt hreflang rel dir lang width height
        span start reversed colspan rowspan scope datetime""".split()
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check a tag and its attributes."""
        if tag not in TAGS:
            self.found.append(f"tag {tag}")
        for name, value in attrs:
            if name not in self._ATTRIBUTES:
                self.found.append(f"attribute {name}")
            if name in ("href", "src") and not re.match(r"https?://", value or "", re.IGNORECASE) and value:
                self.found.append(f"address {value}")

    def handle_comment(self, data: str) -> None:
        """Refuse comments: old browsers run some of them."""
        self.found.append("comment")

    def handle_decl(self, decl: str) -> None:
        """Refuse declarations."""
        self.found.append("declaration")

    def handle_pi(self, data: str) -> None:
        """Refuse processing instructions."""
        self.found.append("instruction")

    def unknown_decl(self, data: str) -> None:
        """Refuse marked sections."""
        self.found.append("marked section")


def unsafe_parts(markup: str) -> list[str]:
    """Name what in a piece of HTML is not on the list of what may be stored; empty when all is."""
    checker = _Strict()
    checker.feed(markup)
    checker.close()
    return checker.found


def unsafe_in(parsed: ParsedFeed) -> list[str]:
    """Name what is unsafe in any field of an outcome; plain fields may hold no active tag at all."""
    found = []
    plain = [parsed.feed.title, parsed.feed.generator]
    links = [parsed.feed.link, parsed.feed.self_link, *parsed.feed.hubs]
    for entry in parsed.entries:
        found += unsafe_parts(entry.summary) + unsafe_parts(entry.content)
        plain += [entry.title, *entry.authors, *entry.categories]
        links.append(entry.link)
    active = re.compile(r"<\s*/?(?:script|style|iframe|object|embed|svg|math|img|link|meta|base|form)\b", re.IGNORECASE)
    found += [f"markup in plain text: {text[:80]}" for text in plain if active.search(text)]
    return found + [f"link {link}" for link in links if link and not re.match(r"https?://", link, re.IGNORECASE)]


def run(archive: Path) -> Report:
    """Run every case and check every output."""
    report = Report()
    for case in cases(archive):
        base = case.headers.get("content-location", "")
        parsed = parse_feed(case.body, base_url=base, content_type=case.headers.get("content-type", ""))
        report.cases[case.folder] += 1
        report.passed[case.folder] += _holds(case.expectation, parsed)
        report.unsafe += [f"{case.folder}/{case.name}: {found}" for found in unsafe_in(parsed)]
    return report


def _holds(expectation: str, parsed: ParsedFeed) -> bool:
    names = {"__builtins__": {"len": len, "ord": ord, "isinstance": isinstance}}
    try:
        with warnings.catch_warnings():
            # feedparser's mapping answers one date with the other, and warns: that is no pass.
            warnings.simplefilter("error")
            # The suite's own way: its expectations are Python expressions over a result's members.
            return bool(eval(expectation, names, _view(parsed)))
    except Exception:
        return False


def main(arguments: list[str] | None = None) -> int:
    """Print or record the counts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--record", action="store_true", help="write the counts to the repository")
    options = parser.parse_args(arguments)
    try:
        report = run(sdist())
    except NoSuiteError as error:
        print(error, file=sys.stderr)
        return 1
    for folder, counts in report.counts().items():
        print(f"{counts['passed']:5} of {counts['cases']:5}  {folder}")
    print(f"{report.passed.total():5} of {report.cases.total():5}  all; unsafe output: {len(report.unsafe)}")
    for found in report.unsafe:
        print(found)
    if options.record:
        RECORD.write_text(json.dumps(report.counts(), indent=1) + "\n", encoding="utf-8")
    return 1 if report.unsafe else 0


if __name__ == "__main__":
    sys.exit(main())
