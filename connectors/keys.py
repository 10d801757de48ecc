"""Canonical URL, dedup key, shard and ids. Pure; the poller and the pipelines must agree on them."""

from __future__ import annotations

import hashlib
import posixpath
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

SHARDS = 16
# Parameters that only say how a reader came: never part of what a link names.
_TRACKERS = frozenset(
    """
    fbclid gclid dclid gbraid wbraid msclkid yclid ysclid igshid mc_cid mc_eid mkt_tok oly_enc_id oly_anon_id _hsenc
    _hsmi vero_id wickedid s_cid ocid cmpid cmp ito at_medium at_campaign at_custom1 at_custom2 at_custom3 at_custom4
    xtor ns_mchannel ns_source ns_campaign ns_linkname ns_fee fb_ref fb_source ref_src ref_url spm traffic_source
    __twitter_impression smid partner rss feed_id guccounter
    """.split()
)
_TRACKER_PREFIXES = ("utm_", "pk_", "mtm_", "piwik_", "hsa_", "stm_")
# Hosts that serve the same pages to other screens.
_SCREEN_HOSTS = re.compile(r"^(?:www\d?|m|mobile|amp)\.(?=[^.]+\.[^.]+)")
# Nothing to escape: the most of all paths.
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9/._~-]*)?")
_AMP_TAIL = re.compile(r"/amp/?$|(?<=[^./])\.amp(?=\.html$|$)")


@dataclass(frozen=True, slots=True)
class _Charset:
    """Case and separators of a one-byte character set as a table."""

    name: str
    # Byte -> the folded letter's byte, or a space for what is no word character.
    table: bytes
    # Bytes that fold to several characters, or to some of another set.
    beyond: bytes


def _charset(name: str) -> _Charset:
    table, beyond = bytearray(b" " * 256), bytearray()
    for number in range(256):
        char = bytes([number]).decode(name, "ignore")
        folded = unicodedata.normalize("NFKC", char).casefold()
        if re.search(r"\w", folded):
            encoded = folded.encode(name, "ignore")
            if len(folded) == len(encoded) == 1:
                table[number] = encoded[0]
            else:
                beyond.append(number)
    return _Charset(name, bytes(table), bytes(beyond))


_CHARSETS = tuple(map(_charset, ("cp1252", "cp1251")))


# Each step of an entry's way asks again.
@lru_cache(maxsize=1024)
def canonical_url(link: str) -> str:
    """Name a page the same way whoever links to it; "" for anything but http(s).

    Lower-case host without www., m., amp.; https; no default port, fragment, tracker or trailing
    slash; dot segments resolved; parameters sorted, unknown ones kept. Idempotent.
    """
    if not link.isascii():
        # A lone surrogate cannot be escaped; JSON can bring one in.
        link = link.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    link = link.strip()
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme.lower() not in ("http", "https") or not host or re.search(r"\s", host):
        return ""
    host = _canonical_host(host)
    netloc = host if port in (None, 80, 443) else f"{host}:{port}"
    path = _canonical_path(parts.path)
    if not parts.query:
        return f"https://{netloc}{path}"
    # As for the path: bytes that are no UTF-8 still tell pages apart.
    pairs = parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
    query = urlencode(sorted(pair for pair in pairs if not _is_tracker(pair[0])), errors="surrogateescape")
    return f"https://{netloc}{path}" + (f"?{query}" if query else "")


def _canonical_path(path: str) -> str:
    if not _PLAIN_PATH.fullmatch(path):
        path = _escaped(path)
    if "//" in path or "/." in path:
        path = "/" + posixpath.normpath(path).lstrip("/")
    path = path.rstrip("/")
    while (shorter := _AMP_TAIL.sub("", path)) != path:
        path = shorter.rstrip("/")
    return path


@lru_cache(maxsize=4096)
def _canonical_host(host: str) -> str:
    host = _ascii_host(host)
    while (shorter := _SCREEN_HOSTS.sub("", host)) != host:
        host = shorter
    return f"[{host}]" if ":" in host else host


def _escaped(path: str) -> str:
    """Escape a path one way: reserved characters stay escaped (%2F names another page than /)."""
    segments = (unquote(segment, errors="surrogateescape") for segment in path.split("/"))
    return "/".join(quote(segment, safe="~!$&'()*+,;=:@-._", errors="surrogateescape") for segment in segments)


def _ascii_host(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return host.lower()


def _is_tracker(name: str) -> bool:
    lowered = name.lower()
    return lowered in _TRACKERS or lowered.startswith(_TRACKER_PREFIXES)


def dedup_key(feed_id: str, entry_id: str, link: str) -> str:
    """Key that decides an entry's shard and whether it was seen: canonical URL, else feed and id."""
    return canonical_url(link) or f"{feed_id} {entry_id}"


def shard_of(key: str, shards: int = SHARDS) -> int:
    """Shard of a dedup key, 0 to shards - 1; the same in every process and version."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big") % shards


def stable_id(*parts: str) -> str:
    """Hash parts into 20 hex digits; the same parts give the same id for ever."""
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=10).hexdigest()


def fingerprint(title: str, text: str) -> str:
    """Hash the words of a title and text, blind to case, punctuation and spacing."""
    return stable_id(_words(f"{title}\n{text}"))


def _words(text: str) -> str:
    """Give the folded words with single spaces. A text of one-byte characters takes a third of the time."""
    for charset in _CHARSETS:
        try:
            raw = text.encode(charset.name)
        except UnicodeEncodeError:
            continue
        if len(raw.translate(None, charset.beyond)) == len(raw):
            return b" ".join(raw.translate(charset.table).split()).decode(charset.name)
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", folded))
