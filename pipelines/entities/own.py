"""A desk's own persons, organisations and places: read from YAML, checked, and laid over the shipped gazetteer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from connectors.errors import Fault, SettingsError
from connectors.settings import read_nodes
from pipelines.entities.find import country_ids
from pipelines.entities.lists.inflect import Inflector
from pipelines.entities.lists.organisations import Organisations
from pipelines.entities.lists.persons import OFFICE, Persons
from pipelines.entities.lists.places import CuratedPlaces
from pipelines.entities.table import Sense, Senses, Start, Starts, load
from pipelines.text.tokens import words_of

KINDS = ("org", "company", "group")
# Share of texts in which a name's word may stand as a common word.
COMMON_SHARE = 0.005
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEYS = {
    "persons": ({"id", "country", "names"}, {"alone", "offices"}),
    "organisations": ({"id", "kind", "names"}, {"country", "type"}),
    "places": ({"id", "type", "names"}, {"country", "weight"}),
}

# Gives the share of recent texts, 0 to 1, in which a folded word stands as a common word; None where nobody counted.
Frequency = Callable[[str], float | None]


@dataclass(frozen=True, slots=True)
class OwnNames:
    """What a desk's lists add: senses by folded name, and who held which office."""

    names: Mapping[str, tuple[Sense, ...]] = field(default_factory=dict)
    holders: Mapping[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    offices: Mapping[str, list[str]] = field(default_factory=dict)
    given_names: frozenset[str] = frozenset()
    # Entries, for who shows how many there are.
    count: int = 0


class OwnStarts(Starts):
    """The shipped gazetteer with a desk's own names over it."""

    def __init__(self, own: OwnNames) -> None:
        shipped = load().table
        super().__init__(shipped)
        header = shipped.header
        self.header = header.with_own(own.holders, own.offices, own.given_names)
        self._single: dict[str, tuple[Sense, ...]] = {}
        self._several: dict[str, dict[str, tuple[Sense, ...]]] = defaultdict(dict)
        for key, senses in own.names.items():
            first, _, rest = key.partition(" ")
            if rest:
                self._several[first][rest] = senses
            else:
                self._single[first] = senses

    def _exact(self, word: str) -> Start | None:
        shipped = super()._exact(word)
        single, several = self._single.get(word, ()), self._several.get(word)
        if not single and not several:
            return shipped
        together = dict(shipped.several or {}) if shipped else {}
        for rest, senses in (several or {}).items():
            together[rest] = Senses.of((*senses, *together.get(rest, ())))
        return Start.of(Senses.of((*single, *(shipped.single if shipped else ()))), together, may_be_lower=True)


def read_own(paths: Iterable[str | Path], frequency: Frequency = lambda word: None) -> OwnNames:
    """Read lists out of files and of all YAML files below folders.

    Refuses, beside what is malformed, a name of one word that stands as a common word in more than
    ``COMMON_SHARE`` of the texts that ``frequency`` knows. Errors: SettingsError with every fault of all files.
    """
    faults: list[Fault] = []
    reader = _Reader(faults, frequency)
    for path in list_files(paths, faults):
        reader.read(path)
    if faults:
        raise SettingsError(faults)
    return reader.own()


def list_files(paths: Iterable[str | Path], faults: list[Fault]) -> list[Path]:
    """Give the files that paths name, of a folder all YAML files below it; adds what is wrong with a path."""
    found: list[Path] = []
    for path in map(Path, paths):
        inside = sorted(one for one in path.rglob("*") if one.suffix in (".yaml", ".yml")) if path.is_dir() else [path]
        if not inside:
            faults.append(Fault(str(path), 0, "", "expected lists of names (*.yaml) in this folder, found none"))
        found += inside
    return found


def _written(key: yaml.Node) -> str:
    """Give a key as it is written; "" for one that is no text."""
    return str(key.value) if isinstance(key, yaml.ScalarNode) else ""


@lru_cache(maxsize=1)
def _inflector() -> Inflector:
    return Inflector()


class _Reader:
    """Reads list after list; ids are unique over all."""

    def __init__(self, faults: list[Fault], frequency: Frequency) -> None:
        self._faults = faults
        self._frequency = frequency
        self._persons = Persons(_inflector())
        self._organisations = Organisations(_inflector())
        self._places = CuratedPlaces(_inflector())
        self._where: dict[str, str] = {}

    def own(self) -> OwnNames:
        names: dict[str, tuple[Sense, ...]] = {}
        for collected in (self._persons.names, self._organisations.names, self._places.names):
            for key, senses in collected.items():
                names[key] = (*names.get(key, ()), *senses)
        return OwnNames(
            names,
            self._persons.holders,
            self._persons.offices,
            frozenset(self._persons.given_names),
            len(self._where),
        )

    def read(self, path: Path) -> None:
        try:
            root = read_nodes(path)
        except SettingsError as error:
            self._faults += error.faults
            return
        if root is None:
            return
        if not isinstance(root, yaml.MappingNode):
            self._fault(path, root, "", f"expected {', '.join(_KEYS)} at the left margin")
            return
        for key, value in root.value:
            section = _written(key)
            if section not in _KEYS:
                self._fault(path, key, section, f"expected one of {', '.join(_KEYS)}")
            elif not isinstance(value, yaml.SequenceNode):
                self._fault(path, value, section, "expected a list, each entry behind a dash")
            else:
                for number, node in enumerate(value.value):
                    self._read_entry(path, section, f"{section}[{number}]", node)

    def _fault(self, path: Path, node: yaml.Node, where: str, message: str) -> None:
        self._faults.append(Fault(str(path), node.start_mark.line + 1, where, message))

    def _read_entry(self, path: Path, section: str, where: str, node: yaml.Node) -> None:
        before = len(self._faults)
        entry = self._entry(path, section, where, node)
        if entry is None or len(self._faults) > before:
            return
        place = f"{path}:{node.start_mark.line + 1}"
        first = self._where.setdefault(f"{section} {entry['id']}", place)
        if first != place:
            self._fault(path, node, where, f"{entry['id']} is in {first} already")
            return
        try:
            if section == "persons":
                self._persons.add(entry)
            elif section == "organisations":
                self._organisations.add(entry)
            else:
                self._places.add(entry)
        except ValueError as error:
            self._fault(path, node, where, str(error))

    def _entry(self, path: Path, section: str, where: str, node: yaml.Node) -> dict[str, Any] | None:
        """Take an entry apart; what is wrong becomes a fault."""
        needed, allowed = _KEYS[section]
        if not isinstance(node, yaml.MappingNode):
            self._fault(path, node, where, f"expected an entry with {', '.join(sorted(needed))}")
            return None
        entry: dict[str, Any] = {}
        for key, value in node.value:
            name = _written(key)
            if name not in needed | allowed:
                self._fault(path, key, f"{where}.{name}", f"expected one of {', '.join(sorted(needed | allowed))}")
            elif name == "names":
                entry[name] = self._names(path, f"{where}.names", value)
            elif name == "offices":
                entry[name] = self._offices(path, f"{where}.offices", value)
            elif not isinstance(value, yaml.ScalarNode) or not value.value.strip():
                self._fault(path, value, f"{where}.{name}", "expected a text")
            else:
                entry[name] = value.value.strip()
        if "alone" in entry:
            entry["alone"] = self._truth(path, node, f"{where}.alone", entry["alone"])
        for name in sorted(needed - entry.keys()):
            self._fault(path, node, f"{where}.{name}", "missing")
        self._check(path, section, where, node, entry)
        return entry

    def _truth(self, path: Path, node: yaml.Node, where: str, text: str) -> bool:
        if text not in ("true", "false"):
            self._fault(path, node, where, f"expected true or false, got {text!r}")
        return text == "true"

    def _check(self, path: Path, section: str, where: str, node: yaml.Node, entry: dict[str, Any]) -> None:
        if "id" in entry and not _ID.fullmatch(entry["id"].removeprefix("geonames:")):
            self._fault(path, node, f"{where}.id", f"expected small letters, digits and hyphens, got {entry['id']!r}")
        codes = entry.get("country", "-").replace("-", "").split()
        for code in codes:
            if f"country:{code}" not in country_ids():
                self._fault(path, node, f"{where}.country", f"no country has the code {code}")
        if section == "persons" and "country" in entry and len(codes) != 1:
            self._fault(path, node, f"{where}.country", f"expected one country, got {entry['country']!r}")
        if section == "organisations" and entry.get("kind") not in KINDS:
            self._fault(path, node, f"{where}.kind", f"expected one of {', '.join(KINDS)}")
        if section == "organisations" and entry.get("type", "media") != "media":
            self._fault(path, node, f"{where}.type", "expected media, or nothing")
        if "weight" in entry and not re.fullmatch(r"\d(?:\.\d+)?", entry["weight"]):
            self._fault(path, node, f"{where}.weight", "expected a power of ten, 0 to 9.9")

    def _names(self, path: Path, where: str, node: yaml.Node) -> dict[str, str]:
        names: dict[str, str] = {}
        if not isinstance(node, yaml.MappingNode) or not node.value:
            self._fault(path, node, where, "expected spellings by language, {en: Jane Doe}")
            return names
        for key, value in node.value:
            language = _written(key)
            if not re.fullmatch("[a-z]{2}", language):
                self._fault(path, key, f"{where}.{language}", "expected a two-letter language")
            elif not isinstance(value, yaml.ScalarNode) or not all(map(words_of, value.value.split("|"))):
                self._fault(path, value, f"{where}.{language}", 'expected names, "|" between them')
            else:
                names[language] = value.value
                self._check_common(path, f"{where}.{language}", value)
        return names

    def _check_common(self, path: Path, where: str, node: yaml.ScalarNode) -> None:
        for written in node.value.split("|"):
            name = written.strip()
            words = words_of(name)
            if len(words) != 1 or name.startswith(("?", "^")):
                continue
            share = self._frequency(words[0])
            if share is not None and share > COMMON_SHARE:
                self._fault(
                    path,
                    node,
                    where,
                    f"{name!r} is a common word in {share:.1%} of recent texts: write ?{name} (it then counts only"
                    " beside its country or its other names), or a longer name",
                )

    def _offices(self, path: Path, where: str, node: yaml.Node) -> list[str]:
        if not isinstance(node, yaml.SequenceNode):
            self._fault(path, node, where, "expected a list, [president 2020-2024]")
            return []
        offices = [str(one.value) for one in node.value if isinstance(one, yaml.ScalarNode)]
        for office in offices:
            if not OFFICE.fullmatch(office):
                self._fault(
                    path, node, where, f"expected 'role 2008-2024' or 'role@organisation 2024-', got {office!r}"
                )
        return offices
