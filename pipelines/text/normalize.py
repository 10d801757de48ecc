"""From what a feed published to one normalised item: plain text, canonical address, times, words' hash."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import nh3

from connectors.keys import canonical_url, dedup_key, stable_id
from connectors.records import Entry
from pipelines.model import Item
from pipelines.text.tokens import Tokens, tokenize

# Longest body that is read; what stands behind it is not matched.
TEXT_LIMIT = 100_000
LEAD_LIMIT = 300
# A publisher's clock may run this much ahead before its date counts as a date in the future.
CLOCK_SLACK = timedelta(minutes=10)

_BLOCKS = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 head header hr html legend li main nav ol optgroup option p pre section summary table"
    " tbody td tfoot th thead title tr ul"
)
_BLOCK = re.compile(rf"<\s*(?:/\s*)?(?:{_BLOCKS.replace(' ', '|')})\b[^<>]*>|<br\b[^<>]*>\s*(?:<br\b[^<>]*>\s*)+", re.I)
_BREAK = re.compile(r"<br\b[^<>]*>", re.I)
_TAG = re.compile(r"<[A-Za-z/!?][^<>]*>")
# What a sanitiser leaves out, and a tag pattern cannot take apart: code, and ">" in an attribute.
_CODE = re.compile(r"<\s*(?:script|style|template|noscript|iframe)\b", re.I)
_ODD_ATTRIBUTE = re.compile(r'="[^"<>]*>')
_KEPT_TAGS = {"br", *_BLOCKS.split()} - {"title", "head", "html", "body"}
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
# Controls, overrides of writing direction, lone surrogates; ZWNJ and the plain marks of direction stay.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_ENDS_OF_TITLE = " \n\t.:;,!?…—–-|»\"'”"


def clean(text: str) -> str:
    """Take out control characters, overrides of writing direction and lone surrogates."""
    if text.isprintable():
        return text
    return _UNWANTED.sub("", text)


def plain_text(markup: str) -> str:
    """Give HTML as readable text: paragraphs apart by a blank line, references decoded, spaces single.

    Takes any string and never fails; plain text keeps its own paragraphs.
    """
    if "<" not in markup and "&" not in markup:
        paragraphs = _PARAGRAPH.split(markup) if "\n" in markup else [markup]
        return "\n\n".join(filter(None, map(_one_line, paragraphs)))
    if "<!" in markup or "<?" in markup or _CODE.search(markup) or _ODD_ATTRIBUTE.search(markup):
        markup = nh3.clean(markup, tags=_KEPT_TAGS, attributes={})
    blocks = map(_block_text, _BLOCK.split(markup) if "<" in markup else [markup])
    return "\n\n".join(filter(None, blocks))


def _block_text(block: str) -> str:
    """Give one block's text; a forced break becomes a line end."""
    if "<" not in block:
        return _one_line(block)
    return "\n".join(filter(None, (_one_line(_TAG.sub("", piece)) for piece in _BREAK.split(block))))


def _one_line(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    line = " ".join(text.split())
    return line if line.isprintable() else " ".join(clean(line).split())


def cut_at_word(text: str, limit: int) -> int:
    """Give the length, at most ``limit``, after which a text may be cut without cutting a word."""
    if len(text) <= limit:
        return len(text)
    if text[limit].isspace():
        return len(text[:limit].rstrip())
    place = max(text.rfind(" ", 0, limit), text.rfind("\n", 0, limit))
    return len(text[:place].rstrip()) if place > 0 else limit


def lead_of(text: str, limit: int = LEAD_LIMIT) -> str:
    """Give the first ``limit`` characters, cut at a word, on one line; its offsets are the text's."""
    return text[: cut_at_word(text, limit)].replace("\n", " ")


def without_title(title: str, text: str) -> str:
    """Give a text without the title that it may begin with."""
    bare = title.rstrip(_ENDS_OF_TITLE)
    if not bare or text[: len(bare)].casefold() != bare.casefold():
        return text
    rest = text[len(bare) :]
    if not rest.strip(_ENDS_OF_TITLE):
        return ""
    # The title's words may go on as the first sentence: only a line end or a stop ends a title.
    stripped = rest.lstrip(" .:;!?…—–|»\"'”")
    ended = stripped.startswith("\n") or any(mark in rest[: len(rest) - len(stripped)] for mark in ".!?…|")
    return stripped.lstrip() if ended else text


def normalize(entry: Entry) -> Item:
    """Make an item of an entry. Language, entities and matches are left to later steps."""
    return normalized(entry, "")[0]


def normalized(entry: Entry, origin: str) -> tuple[Item, Tokens]:
    """Make an item of an entry, and give its words too; ``origin`` names the stream record it came from."""
    title = " ".join(clean(plain_text(entry.title) if "&" in entry.title else entry.title).split())
    body = plain_text(entry.content or entry.summary)
    is_cut = len(body) > TEXT_LIMIT
    if is_cut:
        body = body[: cut_at_word(body, TEXT_LIMIT)]
    text = without_title(title, body)
    flags: tuple[str, ...] = ()
    event_at = entry.fetched_at
    if entry.published_at is None:
        flags = ("undated",)
    else:
        event_at = min(entry.published_at, entry.fetched_at)
        if entry.published_at > entry.fetched_at + CLOCK_SLACK:
            flags = ("future",)
    url = canonical_url(entry.link)
    lead = lead_of(text)
    tokens = tokenize(title, text, len(lead))
    item = Item(
        item_id=stable_id(url or dedup_key(entry.feed_id, entry.entry_id, "")),
        entry_id=entry.entry_id,
        feed_id=entry.feed_id,
        url=url,
        link=entry.link,
        title=title,
        lead=lead,
        text=text,
        language="",
        published_at=entry.published_at,
        fetched_at=entry.fetched_at,
        event_at=event_at,
        time_flags=flags,
        # Equal words, whatever their case, accents, punctuation and spacing.
        fingerprint=stable_id(" ".join(tokens.words)),
        origin=origin,
        is_cut=is_cut,
        authors=entry.authors,
        categories=entry.categories,
    )
    return item, tokens
