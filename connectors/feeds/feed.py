"""A feed as a desk lists it: where it is, whose voice it carries, how eagerly to poll it. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from connectors.settings import setting

CONTROLS = ("", "SC", "CaPu", "CaPr", "ISFM", "ISF", "ISM", "IP", "private")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_INTEREST = re.compile(r"(?:state:[A-Z]{2}|(?:private|public|group|company|org|person|unknown):[^\s:]+)")
_LANGUAGE = re.compile(r"(?:[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)?")
_COUNTRY = re.compile(r"(?:[A-Z]{2})?")
_DATE = re.compile(r"(?:\d{4}-\d{2}-\d{2})?")


class Tier(StrEnum):
    """How eagerly a feed is polled."""

    HOT = "hot"
    NORMAL = "normal"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of a list. The id is its name for ever: state and entries are kept under it."""

    judges_fields_alone: ClassVar[bool] = True

    id: str = setting(help="Name of the feed, for ever: state and entries are kept under it.")
    url: str = setting(help="Where it is.")
    title: str = setting("", help="What it is called at its outlet, such as World.")
    source: str = setting("", help="The outlet's name for people.")
    language: str = setting("", help="What its entries are written in, as a code such as en.")
    country: str = setting("", help="Country of the newsroom, such as IR.")
    interest: str = setting("", help="Whose voice it is: state:IR, private:cnn, public:bbc. Left out, it is unknown.")
    control: str = setting("", help="State Media Monitor's code, or private.")
    tier: Tier = setting(Tier.NORMAL, help="How eagerly it is polled.")
    basis: str = setting("", help="Where interest and control come from.")
    labelled_on: str = setting("", help="When they were given, such as 2026-01-31.")
    enabled: bool = setting(True, help="Whether it is polled.")

    def faults(self) -> Iterator[tuple[str, str]]:
        """Name each field that is not as it should be, with what was expected."""
        if not _ID.fullmatch(self.id):
            yield "id", f"expected letters, digits and . _ : - (at most 100), got {self.id!r}"
        if why := url_problem(self.url):
            yield "url", why
        if self.interest and not _INTEREST.fullmatch(self.interest):
            yield "interest", f"expected state:XX, private:name, public:name or the like, got {self.interest!r}"
        if self.control not in CONTROLS:
            yield "control", f"expected one of {', '.join(filter(None, CONTROLS))}, got {self.control!r}"
        if not _LANGUAGE.fullmatch(self.language):
            yield "language", f"expected a code such as en or pt-BR, got {self.language!r}"
        if not _COUNTRY.fullmatch(self.country):
            yield "country", f"expected an ISO code such as IR, got {self.country!r}"
        if not _DATE.fullmatch(self.labelled_on):
            yield "labelled_on", f"expected a date such as 2026-01-31, got {self.labelled_on!r}"


def completed(feed: Feed) -> Feed:
    """Fill what a list may leave out: the outlet's name, and an interest that counts nowhere."""
    host = (urlsplit(feed.url).hostname or "").removeprefix("www.")
    source = feed.source or feed.title or host
    interest = feed.interest or f"unknown:{slug(feed.source) or host}"
    return dataclasses.replace(feed, source=source, interest=interest)


def slug(text: str) -> str:
    """Spell a name with lower-case letters, digits and dashes only."""
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-")


def url_problem(url: str) -> str:
    """Say what keeps a text from being a feed's address, or ""."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError as error:
        return f"expected an http or https URL, got {url!r}: {error}"
    if not usable or re.search(r"\s", url):
        return f"expected an http or https URL, got {url!r}"
    return ""
