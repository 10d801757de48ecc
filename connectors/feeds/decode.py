"""Bytes of a feed to clean UTF-8: byte-order mark, HTTP charset, XML declaration, then detection. Pure.

A declaration is a claim. Text that is valid UTF-8 and not ASCII is taken as UTF-8 whatever a
single-byte charset claims, because such text hardly ever arises by chance.
"""

from __future__ import annotations

import codecs
import re

from connectors.feeds.faults import ParseFault

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# "<?" or "<r" in two- and four-byte units, where the mark is missing.
_UNMARKED = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_HTTP_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]+)", re.IGNORECASE)
_DECLARATION = re.compile(
    rb"\s*<\?xml[^>]{0,200}?(?P<claim>\s+encoding\s*=\s*[\"'](?P<label>[^\"'>]{1,60})[\"'])", re.IGNORECASE
)
# Publishers mean the larger set when they name the smaller: browsers read them so too.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}
# Spellings Python does not know.
_NAMES = {
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "x-big5": "big5",
    "win-1251": "cp1251",
    "unicode-1-1-utf-8": "utf-8",
    "iso-8859-8-i": "iso8859-8",
    "ms-ee": "cp1250",
    "ms-cyrl": "cp1251",
    "ms-ansi": "cp1252",
    "ms-greek": "cp1253",
    "ms-turk": "cp1254",
    "ms-hebr": "cp1255",
    "ms-arab": "cp1256",
    "mac": "mac_roman",
    "csmacintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
}
# Never read: UTF-7 hides markup from every check, the others are not text encodings.
_REFUSED = frozenset({"utf-7", "idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined"})
# Encodings in which valid UTF-8 may be a coincidence (two-byte) or the rule (seven-bit).
_MULTIBYTE = re.compile(r"gb|big5|euc|cp9(?:32|49)|shift|iso2022|hz|johab|utf-?(?:16|32)")
_DETECTION_SAMPLE_BYTES = 64 * 1024


def to_utf8(body: bytes, content_type: str = "") -> tuple[bytes, list[ParseFault]]:
    """Return the document as UTF-8 without mark, zero bytes or a contrary declaration.

    Where nothing contradicts UTF-8 the bytes are not walked through: a reader that finds them
    invalid calls ``repaired_utf8``.
    """
    faults: list[ParseFault] = []
    encoding = _marked(body)
    if encoding is None:
        claims = [name for name in (_http_charset(content_type), _declared(body)) if name]
        if all(name == "utf-8" for name in claims):
            return _cleaned(body, faults), faults
        text = _read_claims(body, claims, faults)
    else:
        text = _strictly(body, encoding) or _replaced(body, encoding, faults)
    return _cleaned(text.lstrip("\ufeff").encode("utf-8", "replace"), faults), faults


def repaired_utf8(document: bytes, faults: list[ParseFault]) -> bytes:
    """Return a document that passes for UTF-8 as valid UTF-8: as it is, mended, or in a detected encoding."""
    if _strictly(document, "utf-8") is not None:
        return document
    return _repaired(document, ["utf-8"], faults).encode("utf-8", "replace")


def _cleaned(body: bytes, faults: list[ParseFault]) -> bytes:
    """Take out zero bytes, and the declaration where it says anything but UTF-8."""
    if b"\0" in body:
        faults.append(ParseFault.NUL_BYTES)
        body = body.replace(b"\0", b"")
    found = _DECLARATION.match(body[:512])
    if found and found["label"].lower() not in (b"utf-8", b"utf8"):
        body = body[: found.start("claim")] + body[found.end("claim") :]
    return body


def _marked(body: bytes) -> str | None:
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return encoding
    for start, encoding in _UNMARKED:
        if body.startswith(start) and len(body) > 3 and (len(start) == 4 or body[2:4] != b"\0\0"):
            return encoding
    return None


def _http_charset(content_type: str) -> str | None:
    found = _HTTP_CHARSET.search(content_type)
    return _known(found[1]) if found else None


def _declared(body: bytes) -> str | None:
    found = _DECLARATION.match(body[:512])
    name = _known(found["label"].decode("ascii", "ignore")) if found else None
    # Readable as single bytes, so whatever wrote "utf-16" there did not mean it.
    return None if name is not None and name.startswith(("utf-16", "utf-32")) else name


def _known(label: str) -> str | None:
    """Name of the codec for a label, widened to the set publishers mean; None for unusable ones."""
    label = label.strip().lower()
    try:
        codec = codecs.lookup(_NAMES.get(label, label))
    except (LookupError, ValueError):
        return None
    name = _SUPERSETS.get(codec.name, codec.name)
    if name in _REFUSED or not getattr(codec, "_is_text_encoding", True):
        return None
    return "utf-8" if name == "utf-8-sig" else name


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _replaced(body: bytes, encoding: str, faults: list[ParseFault]) -> str:
    faults.append(ParseFault.INVALID_ENCODING)
    return body.decode(encoding, "replace")


def _read_claims(body: bytes, claims: list[str], faults: list[ParseFault]) -> str:
    if claims and not _MULTIBYTE.match(claims[0]) and not body.isascii():
        text = _strictly(body, "utf-8")
        if text is not None:
            if "utf-8" not in claims:
                faults.append(ParseFault.INVALID_ENCODING)
            return text
    for place, encoding in enumerate(claims):
        text = _strictly(body, encoding)
        if text is not None:
            if place:
                faults.append(ParseFault.INVALID_ENCODING)
            return text
    if "utf-8" not in claims and (text := _strictly(body, "utf-8")) is not None:
        if claims:
            faults.append(ParseFault.INVALID_ENCODING)
        return text
    return _repaired(body, claims, faults)


def _repaired(body: bytes, claims: list[str], faults: list[ParseFault]) -> str:
    """Read bytes that no claim fits: a few bad bytes are replaced, else the encoding is detected."""
    encoding = claims[0] if claims else "utf-8"
    text = _replaced(body, encoding, faults)
    foreign = sum(1 for byte in body[:_DETECTION_SAMPLE_BYTES] if byte > 127)
    if text[:_DETECTION_SAMPLE_BYTES].count("\ufffd") * 10 <= foreign:
        return text
    detected = _detected(body)
    return body.decode(detected, "replace") if detected else text


def _detected(body: bytes) -> str | None:
    # Loaded here: most workers never meet a document without a usable claim.
    from charset_normalizer import from_bytes

    best = from_bytes(body[:_DETECTION_SAMPLE_BYTES], steps=5, chunk_size=512).best()
    return _known(best.encoding) if best else None
