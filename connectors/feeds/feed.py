"""A feed as a desk lists it: where it is, whose voice it carries, how eagerly to poll it. Pure."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

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

    id: str
    url: str
    # What the feed is called at its outlet ("World").
    title: str = ""
    # The outlet's name for people.
    source: str = ""
    # What its entries are written in, as a code; "" unknown.
    language: str = ""
    # Country of the newsroom, ISO 3166-1 alpha-2; "" unknown.
    country: str = ""
    # Whose voice it is: "state:IR", "private:cnn"; "unknown:…" where nobody has said.
    interest: str = ""
    control: str = ""
    tier: Tier = Tier.NORMAL
    # Where the label comes from and when it was given (ISO date).
    basis: str = ""
    labelled_on: str = ""
    enabled: bool = True


def completed(feed: Feed) -> Feed:
    """Fill what a list may leave out: the outlet's name, and an interest that counts nowhere."""
    host = (urlsplit(feed.url).hostname or "").removeprefix("www.")
    source = feed.source or feed.title or host
    interest = feed.interest or f"unknown:{slug(feed.source) or host}"
    return dataclasses.replace(feed, source=source, interest=interest)


def slug(text: str) -> str:
    """Spell a name with lower-case letters, digits and dashes only."""
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-")


def problems(feed: Feed) -> list[tuple[str, str]]:
    """Name each field that is not as it should be, with what was expected."""
    found: list[tuple[str, str]] = []
    if not _ID.fullmatch(feed.id):
        found.append(("id", f"expected letters, digits and . _ : - (at most 100), got {feed.id!r}"))
    if why := url_problem(feed.url):
        found.append(("url", why))
    if feed.interest and not _INTEREST.fullmatch(feed.interest):
        found.append(("interest", f"expected state:XX, private:name, public:name or the like, got {feed.interest!r}"))
    if feed.control not in CONTROLS:
        found.append(("control", f"expected one of {', '.join(filter(None, CONTROLS))}, got {feed.control!r}"))
    if not _LANGUAGE.fullmatch(feed.language):
        found.append(("language", f"expected a code such as en or pt-BR, got {feed.language!r}"))
    if not _COUNTRY.fullmatch(feed.country):
        found.append(("country", f"expected an ISO code such as IR, got {feed.country!r}"))
    if not _DATE.fullmatch(feed.labelled_on):
        found.append(("labelled_on", f"expected a date such as 2026-01-31, got {feed.labelled_on!r}"))
    return found


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
