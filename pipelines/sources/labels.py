"""Whose voice a feed is: the labels that the feed catalogue carries. Unlabelled is unknown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Protocol

import msgspec


class LabelledFeed(Protocol):
    """What a label needs of a catalogue's feed."""

    @property
    def id(self) -> str:
        """The feed's id."""

    @property
    def source(self) -> str:
        """The outlet's name for people."""

    @property
    def interest(self) -> str:
        """The interest it speaks for, "" unknown."""

    @property
    def control(self) -> str:
        """The control code, "" unknown."""


@dataclass(frozen=True, slots=True)
class Source:
    """An outlet, and the interest whose voice it is."""

    source_id: str
    name: str
    interest: str
    control: str


class Labels:
    """Sources by feed id; a feed that no catalogue knows is its own unknown source."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)

    @classmethod
    def of_feeds(cls, feeds: Iterable[LabelledFeed]) -> Labels:
        """Take the labels of a feed catalogue."""
        return cls(
            {
                feed.id: Source(
                    feed.source or feed.id,
                    feed.source or feed.id,
                    feed.interest or f"unknown:{feed.source or feed.id}",
                    feed.control,
                )
                for feed in feeds
            }
        )

    def source(self, feed_id: str) -> Source:
        """The source of a feed."""
        return self._sources.get(feed_id) or Source(feed_id, feed_id, f"unknown:{feed_id}", "")


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    raw = resources.files("pipelines.sources").joinpath("data/countries_en.json").read_bytes()
    names: dict[str, str] = msgspec.json.decode(raw)
    return names


def country_name(code: str) -> str:
    """English name of a country code, the code itself where it has none."""
    return _country_names().get(code, code)


def voice(interest: str) -> str:
    """Say in words whose voice an interest is: "state of Iran", "independent newsroom"."""
    kind, _, whose = interest.partition(":")
    if kind == "state":
        return f"state of {country_name(whose)}"
    return {
        "private": "independent newsroom",
        "public": "public broadcaster",
        "group": f"group {whose}",
        "company": f"company {whose}",
        "org": f"organisation {whose}",
        "person": f"person {whose}",
    }.get(kind, "unlabelled source")
