"""What can be wrong with a feed document. A closed set: these are metric labels."""

from __future__ import annotations

from enum import StrEnum


class ParseFault(StrEnum):
    """One thing that was wrong with a document; what could be read of it was kept."""

    # Nothing but white space.
    EMPTY_BODY = "empty_body"
    # A web page (an error page, a consent wall, a captcha) where a feed should be.
    NOT_A_FEED_HTML = "not_a_feed_html"
    # Readable XML, JSON or text, but no kind of feed (a sitemap, an OPML list, an API's error).
    NOT_A_FEED = "not_a_feed"
    # Neither reader could make anything of it.
    UNPARSEABLE = "unparseable"
    # Broken XML or JSON members of the wrong type; the entries that could be read were kept.
    MALFORMED = "malformed"
    # It declares entities of its own; the declarations were cut out, never expanded or fetched.
    ENTITIES_REFUSED = "entities_refused"
    # Larger than the cap; not read at all.
    TOO_LARGE = "too_large"
    # More entries than the cap; the newest were kept.
    TOO_MANY_ENTRIES = "too_many_entries"
    # Elements, JSON or HTML nested deeper than anything honest; flattened to text or left out.
    TOO_DEEP = "too_deep"
    # A field longer than its cap; its beginning was kept.
    TEXT_CUT = "text_cut"
    # A date that names no moment, or one outside the years that news has.
    BAD_DATE = "bad_date"
    # A link to something other than http(s); left out.
    UNSAFE_LINK = "unsafe_link"
    # Zero bytes inside the text; taken out.
    NUL_BYTES = "nul_bytes"
    # Bytes that the declared encoding cannot hold; another was found, or they became U+FFFD.
    INVALID_ENCODING = "invalid_encoding"
    # The worker took longer than its time limit and was stopped.
    TIMED_OUT = "timed_out"
    # The worker ended while it read this document: memory limit or a crash.
    WORKER_DIED = "worker_died"
