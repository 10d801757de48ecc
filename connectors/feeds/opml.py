"""Feed lists as OPML, in and out. The XML may come from strangers: no DTD, no entities, no depth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from connectors.errors import Fault, SettingsError
from connectors.feeds.feed import Feed, Tier, completed, slug
from connectors.keys import stable_id

_DEPTH_LIMIT = 64
# Our own fields, carried as attributes in a namespace so that other readers pass over them.
_NAMESPACE = "urn:wirewatch:feeds"
_EXTRA = ("id", "source", "country", "interest", "control", "tier", "basis", "labelled_on")
_SLUG_CHARACTERS = 60


def read_opml(raw: bytes, path: str | Path) -> tuple[Feed, ...]:
    """Read each outline that has an xmlUrl. An address listed under two folders is one feed.

    Errors: SettingsError with every fault and its line.
    """
    reader = _Reader(str(path))
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as error:
        reader.faults.append(Fault(str(path), error.lineno, "", f"no valid XML: {expat.ErrorString(error.code)}"))
    except (_ForbiddenError, ValueError, LookupError) as error:
        line = reader.parser.CurrentLineNumber
        reader.faults.append(Fault(str(path), line, "", str(error)))
    if not reader.faults and not reader.is_opml:
        reader.faults.append(Fault(str(path), 1, "", "expected the root element opml"))
    if reader.faults:
        raise SettingsError(reader.faults)
    return tuple(reader.feeds)


def write_opml(feeds: Sequence[Feed], title: str = "wirewatch feeds") -> bytes:
    """Print feeds as OPML 2.0; ``read_opml`` gives the same feeds back."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:ww={quoteattr(_NAMESPACE)}>',
        f"  <head><title>{_text(title)}</title></head>",
        "  <body>",
    ]
    for feed in feeds:
        shown = feed.title or feed.source or feed.id
        given = {"type": "rss", "text": shown, "title": feed.title, "xmlUrl": feed.url, "language": feed.language}
        given |= {f"ww:{name}": str(getattr(feed, name)) for name in _EXTRA}
        attributes = "".join(
            f" {name}={quoteattr(_legal(value), {chr(10): '&#10;'})}" for name, value in given.items() if value
        )
        lines.append(f"    <outline{attributes}/>")
    lines += ["  </body>", "</opml>", ""]
    return "\n".join(lines).encode()


class _ForbiddenError(Exception):
    """XML that nobody needs for a list of feeds."""


class _Reader:
    """Takes expat's events and makes feeds and faults of them."""

    def __init__(self, path: str) -> None:
        self.feeds: list[Feed] = []
        self.faults: list[Fault] = []
        self.is_opml = False
        self._path = path
        self._depth = 0
        self._urls: set[str] = set()
        self._ids: set[str] = set()
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype

    def _refuse_doctype(self, *_: object) -> None:
        raise _ForbiddenError("expected no document type declaration")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEPTH_LIMIT:
            raise _ForbiddenError(f"expected at most {_DEPTH_LIMIT} levels")
        local = name.rpartition(" ")[2].lower()
        if self._depth == 1:
            self.is_opml = local == "opml"
        elif local == "outline":
            self._outline({key.lower(): value.strip() for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1

    def _outline(self, given: dict[str, str]) -> None:
        url = given.get("xmlurl", "")
        if not url or url in self._urls:
            return
        extra = {name: value for name in _EXTRA if (value := given.get(f"{_NAMESPACE} {name}", ""))}
        tier = extra.pop("tier", Tier.NORMAL.value)
        if tier not in [member.value for member in Tier]:
            self._fault("tier", f"expected one of {', '.join(Tier)}, got {tier!r}")
            return
        title = given.get("title") or given.get("text", "")
        feed = Feed(
            extra.pop("id", "") or self._new_id(title, url),
            url,
            title,
            source=extra.get("source", ""),
            language=given.get("language", ""),
            country=extra.get("country", ""),
            interest=extra.get("interest", ""),
            control=extra.get("control", ""),
            tier=Tier(tier),
            basis=extra.get("basis", ""),
            labelled_on=extra.get("labelled_on", ""),
        )
        found = list(feed.faults())
        for where, message in found:
            self._fault(where, message)
        if feed.id in self._ids:
            self._fault("id", f"{feed.id} was given before")
        elif not found:
            self._urls.add(url)
            self._ids.add(feed.id)
            self.feeds.append(completed(feed))

    def _new_id(self, title: str, url: str) -> str:
        """Name a feed by its title; the same file gives the same ids."""
        ascii_title = slug(title).encode("ascii", "ignore").decode().strip("-")[:_SLUG_CHARACTERS]
        name = ascii_title if ascii_title[:1].isalnum() else f"feed-{stable_id(url)[:8]}"
        return name if name not in self._ids else f"{name}-{stable_id(url)[:8]}"

    def _fault(self, where: str, message: str) -> None:
        self.faults.append(Fault(self._path, self.parser.CurrentLineNumber, where, message))


def _legal(text: str) -> str:
    """Leave out what XML 1.0 cannot carry."""
    return "".join(character for character in text if character >= " " or character in "\t\n\r")


def _text(text: str) -> str:
    return _legal(text).replace("&", "&amp;").replace("<", "&lt;")
