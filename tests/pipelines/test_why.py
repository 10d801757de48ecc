"""What became of a link, whatever was typed as one."""

from __future__ import annotations

import json

from pipelines.settings import Settings
from pipelines.why import explain


def test_link_with_bytes_that_are_no_text_can_be_printed(redis_url: str) -> None:
    told = explain(redis_url, "https://news.example/a\udcff", Settings())
    assert told["link"] == "https://news.example/a?"
    assert told["became"].startswith("not seen")
    json.dumps(told, ensure_ascii=False).encode()
