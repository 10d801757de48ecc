"""Decodes a response body piece by piece under a cap on what comes out. Pure."""

from __future__ import annotations

import zlib

from connectors.http.errors import ErrorClass, FetchError

ACCEPT_ENCODING = "gzip, deflate"
_GZIP = frozenset({"gzip", "x-gzip"})
_PLAIN = frozenset({"", "identity", "utf-8", "none"})
# Out of one call at most: a bomb is noticed within a piece, not after it.
_STEP_BYTES = 256 * 1024


class BodyReader:
    """Collects a body, decompressing as it comes. Both sides of the decompressor are capped."""

    def __init__(self, encoding: str, limit_bytes: int) -> None:
        """Errors: FetchError(PROTOCOL) for an encoding that was not asked for and is not known."""
        self._encoding = encoding.strip().lower()
        self._limit = limit_bytes
        self._pieces: list[bytes] = []
        self._wire_bytes = 0
        self._bytes = 0
        self._inflater: zlib._Decompress | None = None
        if self._encoding not in _GZIP | _PLAIN | {"deflate"}:
            raise FetchError(ErrorClass.PROTOCOL, f"content encoding {encoding!r} was not asked for")

    def feed(self, piece: bytes) -> None:
        """Take one piece. Errors: FetchError (TOO_LARGE, PROTOCOL)."""
        self._wire_bytes += len(piece)
        if self._wire_bytes > self._limit:
            raise self._too_large()
        if self._encoding in _PLAIN:
            self._keep(piece)
            return
        try:
            self._inflate(piece)
        except zlib.error as error:
            raise FetchError(ErrorClass.PROTOCOL, f"broken {self._encoding} body: {error}") from error

    def close(self) -> bytes:
        """Give the whole body. Errors: FetchError(PROTOCOL) where a compressed one was cut off."""
        if self._inflater is not None and not self._inflater.eof:
            raise FetchError(ErrorClass.PROTOCOL, f"{self._encoding} body was cut off")
        return b"".join(self._pieces)

    def _inflate(self, piece: bytes) -> None:
        while piece:
            if self._inflater is None:
                self._inflater = zlib.decompressobj(self._window_bits(piece))
            if self._inflater.eof:
                # gzip members may follow each other; after deflate only padding may.
                if self._encoding not in _GZIP or not piece.strip(b"\0"):
                    return
                self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
            self._keep(self._inflater.decompress(piece, _STEP_BYTES))
            piece = self._inflater.unconsumed_tail or self._inflater.unused_data

    def _window_bits(self, first: bytes) -> int:
        if self._encoding in _GZIP:
            return zlib.MAX_WBITS | 16
        # "deflate" means zlib (RFC 9110, 8.4.1.2), yet some servers send it without the header.
        return zlib.MAX_WBITS if first[0] & 0x0F == 8 else -zlib.MAX_WBITS

    def _keep(self, piece: bytes) -> None:
        self._bytes += len(piece)
        if self._bytes > self._limit:
            raise self._too_large()
        self._pieces.append(piece)

    def _too_large(self) -> FetchError:
        return FetchError(ErrorClass.TOO_LARGE, f"body exceeds {self._limit} bytes")
