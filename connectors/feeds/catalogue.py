"""Reads feed lists: the catalogue that comes with the project, and YAML or OPML files of a desk."""

from __future__ import annotations

import dataclasses
import difflib
import importlib.resources
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from connectors.errors import Fault, SettingsError
from connectors.feeds.feed import Feed, completed
from connectors.feeds.opml import read_opml
from connectors.feeds.settings import FeedsSettings
from connectors.settings import Builder, read_bytes, read_nodes

OPML_SIZE_LIMIT = 8 * 1024 * 1024


def load_catalogue(paths: Iterable[str | Path]) -> tuple[Feed, ...]:
    """Read feed lists, OPML where the name ends so, else YAML, as one list.

    Errors: SettingsError with every mistake of every file, ids and addresses given twice included.
    """
    faults: list[Fault] = []
    feeds: list[Feed] = []
    places: dict[str, str] = {}
    for path in paths:
        for feed, line in _read_list(path, faults):
            for kind, value in (("id", feed.id), ("url", feed.url)):
                earlier = places.setdefault(f"{kind} {value}", f"{path}:{line}" if line else str(path))
                if earlier != (f"{path}:{line}" if line else str(path)):
                    faults.append(Fault(str(path), line, kind, f"{value} was given before, at {earlier}"))
            feeds.append(feed)
    if faults:
        raise SettingsError(faults)
    return tuple(feeds)


def default_catalogue() -> tuple[Feed, ...]:
    """Read the catalogue that comes with the project."""
    resource = importlib.resources.files("connectors.feeds") / "data" / "catalogue.yaml"
    with importlib.resources.as_file(resource) as path:
        return load_catalogue([path])


def load_feeds(settings: FeedsSettings) -> tuple[Feed, ...]:
    """Read every list that the settings name, disabled feeds left out.

    A feed of the desk's own lists replaces one of the default catalogue with the same id or URL.
    Errors: SettingsError.
    """
    own = load_catalogue(settings.files)
    taken = {feed.id for feed in own} | {feed.url for feed in own}
    shipped = default_catalogue() if settings.use_default_catalogue else ()
    kept = tuple(feed for feed in shipped if feed.id not in taken and feed.url not in taken)
    return tuple(feed for feed in own + kept if feed.enabled)


def catalogue_yaml(feeds: Sequence[Feed]) -> str:
    """Print feeds as a list that ``load_catalogue`` reads; fields at their defaults are left out."""
    lines = ["feeds:"] if feeds else ["feeds: []"]
    for feed in feeds:
        start = "  - "
        for field in dataclasses.fields(Feed):
            value = getattr(feed, field.name)
            if field.default is dataclasses.MISSING or value != field.default:
                # A JSON string is a YAML one, whatever it holds.
                shown = str(value).lower() if isinstance(value, bool) else json.dumps(str(value), ensure_ascii=False)
                lines.append(f"{start}{field.name}: {shown}")
                start = "    "
    return "\n".join(lines) + "\n"


def _read_list(path: str | Path, faults: list[Fault]) -> list[tuple[Feed, int]]:
    """Feeds of one file with their lines (0 where unknown); mistakes go to ``faults``."""
    try:
        if str(path).lower().endswith((".opml", ".xml")):
            return [(feed, 0) for feed in read_opml(read_bytes(path, OPML_SIZE_LIMIT), path)]
        root = read_nodes(path)
    except SettingsError as error:
        faults.extend(error.faults)
        return []
    builder = Builder(str(path), faults)
    found: list[tuple[Feed, int]] = []
    for place, node in enumerate(_feed_nodes(root, builder)):
        where = f"feeds[{place}]"
        before = len(faults)
        feed = builder.build(Feed, node, where)
        if len(faults) == before and feed is not None:
            found.append((completed(feed), node.start_mark.line + 1))
    return found


def _feed_nodes(root: yaml.Node | None, builder: Builder) -> list[yaml.Node]:
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        builder.fault(root, "", "expected a mapping with the list 'feeds'")
        return []
    nodes: list[yaml.Node] = []
    is_given = False
    for key, value in root.value:
        if is_given and key.value == "feeds":
            builder.fault(key, "feeds", "given twice")
        is_given |= key.value == "feeds"
        if key.value != "feeds":
            near = difflib.get_close_matches(str(key.value), ["feeds"], n=1)
            builder.fault(key, str(key.value), f"unknown; {'did you mean' if near else 'expected'} 'feeds'")
        elif isinstance(value, yaml.SequenceNode):
            nodes.extend(value.value)
        elif value.value not in ("", "null", "~"):
            builder.fault(value, "feeds", "expected a list of feeds")
    return nodes
