"""Why a request came to nothing: a closed set of classes, each decided once, where it happens."""

from __future__ import annotations

from enum import StrEnum

from connectors.errors import WirewatchError

_DETAIL_CHARACTERS = 300


class ErrorClass(StrEnum):
    """What kind of failure it was. A closed set: these are metric labels and back-off classes."""

    URL = "url"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    REDIRECT = "redirect"
    ADDRESS_REFUSED = "address_refused"
    TOO_LARGE = "too_large"
    # An answer that came whole and says no: 4xx and 5xx but the two below.
    HTTP = "http"
    RATE_LIMITED = "rate_limited"
    GONE = "gone"
    # A 200 that is a web page or a captcha, and one that is no feed of any kind.
    HTML = "html"
    PARSE = "parse"


class FetchError(WirewatchError):
    """A request that gave no answer to use; ``detail`` is one line for people."""

    def __init__(self, kind: ErrorClass, detail: str) -> None:
        self.kind = kind
        self.detail = " ".join(detail.split())[:_DETAIL_CHARACTERS]
        super().__init__(f"{kind}: {self.detail}")
