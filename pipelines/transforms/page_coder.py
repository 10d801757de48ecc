"""How pages are encoded where a runner must, and what Beam is told of their size.

Inside a fused stage nothing is encoded, but Beam samples element sizes, the first elements of a run
always: without this it would pickle whole pages after every step, only to measure them.
"""

from __future__ import annotations

import pickle

from apache_beam.coders import Coder
from apache_beam.coders.typecoders import registry

from connectors.log.pages import LogPage
from pipelines.transforms.pages import EntryPage, ItemPage

Page = LogPage | EntryPage | ItemPage
# About what an entry under way weighs; the figure is for Beam's statistics only.
_BYTES_PER_RECORD = 2000


class PageCoder(Coder):
    """Pickles pages; guesses their size from how many records they hold."""

    def encode(self, value: Page) -> bytes:
        """Encode a page. Pages never leave the processes of one job: pickle is read by who wrote it."""
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)

    def decode(self, encoded: bytes) -> Page:
        """Decode what ``encode`` wrote."""
        page: Page = pickle.loads(encoded)
        return page

    def estimate_size(self, value: Page) -> int:
        """Guess the encoded size in bytes without encoding."""
        source = value if isinstance(value, LogPage) else value.source
        return _BYTES_PER_RECORD * (1 + len(source.records))

    def is_deterministic(self) -> bool:
        """Pages are no keys."""
        return False


def register_page_coder() -> None:
    """Tell Beam to use it; doing so twice changes nothing."""
    for kind in (LogPage, EntryPage, ItemPage):
        registry.register_coder(kind, PageCoder)
