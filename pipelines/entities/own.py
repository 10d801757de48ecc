"""A desk's own persons, organisations and places: read from YAML, checked, and laid over the shipped gazetteer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from connectors.errors import Fault, SettingsError
from connectors.settings import read_nodes
from connectors.yaml_files import yaml_files_of
from pipelines.entities.find import country_ids
from pipelines.entities.lists.inflect import inflector
from pipelines.entities.lists.organisations import Organisations
from pipelines.entities.lists.persons import OFFICE, Persons
from pipelines.entities.lists.places import CuratedPlaces
from pipelines.entities.table import Sense, Senses, Start, Starts, load
from pipelines.text.tokens import words_of


class Section(StrEnum):
    """The lists that there are."""

    PERSONS = "persons"
    ORGANISATIONS = "organisations"
    PLACES = "places"


KINDS = ("org", "company", "group")
# Share of texts in which a name's word may stand as a common word.
COMMON_SHARE = 0.005
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ID_LIMIT = 80
_KEYS = {
    Section.PERSONS: ({"id", "country", "names"}, {"alone", "offices"}),
    Section.ORGANISATIONS: ({"id", "kind", "names"}, {"country", "type"}),
    Section.PLACES: ({"id", "type", "names"}, {"country", "weight"}),
}
# Where an entry stands that stands in no file: faults of it have no line.
_NOWHERE = yaml.Mark("", 0, -1, 0, None, 0)

# Gives the share of recent texts, 0 to 1, in which a folded word stands as a common word; None where nobody counted.
Frequency = Callable[[str], float | None]


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """One entry, checked, and where it stands."""

    section: Section
    # Under the keys of a list.
    fields: Mapping[str, Any]
    path: str
    # 0 for one that stands in no file.
    line: int

    @property
    def name(self) -> str:
        """List and id, "persons/ivan-example"."""
        return f"{self.section}/{self.fields['id']}"


@dataclass(frozen=True, slots=True)
class OwnNames:
    """What a desk's lists add: senses by folded name, and who held which office."""

    names: Mapping[str, tuple[Sense, ...]] = field(default_factory=dict)
    holders: Mapping[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    offices: Mapping[str, list[str]] = field(default_factory=dict)
    given_names: frozenset[str] = frozenset()


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
        return Start.of(Senses.of((*single, *(shipped.single if shipped else ()))), together, needs_capital=False)


def own_names_of(entries: Iterable[OwnEntry]) -> OwnNames:
    """Make all forms in which these entries are found."""
    persons, organisations, places = Persons(inflector()), Organisations(inflector()), CuratedPlaces(inflector())
    add: dict[Section, Callable[[dict[str, Any]], object]] = {
        Section.PERSONS: persons.add,
        Section.ORGANISATIONS: organisations.add,
        Section.PLACES: places.add,
    }
    names: dict[str, tuple[Sense, ...]] = {}
    for entry in entries:
        add[entry.section](dict(entry.fields))
    for collected in (persons.names, organisations.names, places.names):
        for key, senses in collected.items():
            names[key] = (*names.get(key, ()), *senses)
    return OwnNames(names, persons.holders, persons.offices, frozenset(persons.given_names))


def starts_of(entries: Iterable[OwnEntry]) -> Starts:
    """Give the names to find: the shipped gazetteer, with these entries over it."""
    own = own_names_of(entries)
    return OwnStarts(own) if own.names else load()


def read_own(paths: Iterable[str | Path], frequency: Frequency = lambda word: None) -> tuple[OwnEntry, ...]:
    """Read lists out of files and of all YAML files below folders.

    Refuses, beside what is malformed, a name of one word that stands as a common word in more than
    ``COMMON_SHARE`` of the texts that ``frequency`` knows. Errors: SettingsError with every fault of all files.
    """
    faults: list[Fault] = []
    reader = _Reader(faults, frequency)
    for path in yaml_files_of(paths, faults, "lists of names"):
        reader.read(path)
    if faults:
        raise SettingsError(faults)
    return tuple(reader.entries)


def read_written(
    section: Section, fields: Mapping[str, object], path: str, frequency: Frequency = lambda word: None
) -> OwnEntry:
    """Check an entry that stands in no file, under the keys of a list; ``path`` says where it stands.

    Errors: SettingsError with every fault; ``where`` names the field.
    """
    faults: list[Fault] = []
    reader = _Reader(faults, frequency)
    reader.read_entry(Path(path), section, "", _as_node(fields))
    if faults:
        raise SettingsError([replace(fault, where=fault.where.removeprefix(".")) for fault in faults])
    return reader.entries[0]


def _as_node(value: object) -> yaml.Node:
    """Give a value as the node that a file would have; every scalar is a text."""
    if isinstance(value, Mapping):
        pairs = [(_as_node(key), _as_node(one)) for key, one in value.items()]
        return yaml.MappingNode("", pairs, _NOWHERE, _NOWHERE)
    if isinstance(value, list | tuple):
        return yaml.SequenceNode("", [_as_node(one) for one in value], _NOWHERE, _NOWHERE)
    return yaml.ScalarNode("", str(value), _NOWHERE, _NOWHERE)


def _written(key: yaml.Node) -> str:
    """Give a key as it is written; "" for one that is no text."""
    return str(key.value) if isinstance(key, yaml.ScalarNode) else ""


class _Reader:
    """Reads list after list; ids are unique over all."""

    def __init__(self, faults: list[Fault], frequency: Frequency) -> None:
        self.entries: list[OwnEntry] = []
        self._faults = faults
        self._frequency = frequency
        self._where: dict[str, str] = {}

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
                    self.read_entry(path, Section(section), f"{section}[{number}]", node)

    def _fault(self, path: Path, node: yaml.Node, where: str, message: str) -> None:
        self._faults.append(Fault(str(path), node.start_mark.line + 1, where, message))

    def read_entry(self, path: Path, section: Section, where: str, node: yaml.Node) -> None:
        """Read one entry of a list."""
        before = len(self._faults)
        fields = self._entry(path, section, where, node)
        if fields is None or len(self._faults) > before:
            return
        entry = OwnEntry(section, fields, str(path), node.start_mark.line + 1)
        place = f"{entry.path}:{entry.line}"
        first = self._where.setdefault(entry.name, place)
        if first != place:
            self._fault(path, node, where, f"{fields['id']} is in {first} already")
            return
        self.entries.append(entry)

    def _entry(self, path: Path, section: Section, where: str, node: yaml.Node) -> dict[str, Any] | None:
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
            elif name == "alone":
                entry[name] = self._truth(path, value, f"{where}.alone")
            elif not isinstance(value, yaml.ScalarNode) or not value.value.strip():
                self._fault(path, value, f"{where}.{name}", "expected a text")
            else:
                entry[name] = value.value.strip()
        for name in sorted(needed - entry.keys()):
            self._fault(path, node, f"{where}.{name}", "missing")
        self._check(path, section, where, node, entry)
        return entry

    def _truth(self, path: Path, node: yaml.Node, where: str) -> bool:
        text = str(node.value).lower()
        if text not in ("true", "false"):
            self._fault(path, node, where, f"expected true or false, got {node.value!r}")
        return text == "true"

    def _check(self, path: Path, section: Section, where: str, node: yaml.Node, entry: dict[str, Any]) -> None:
        if "id" in entry and not _ID.fullmatch(entry["id"].removeprefix("geonames:")):
            self._fault(path, node, f"{where}.id", f"expected small letters, digits and hyphens, got {entry['id']!r}")
        if len(entry.get("id", "")) > _ID_LIMIT:
            self._fault(path, node, f"{where}.id", f"expected at most {_ID_LIMIT} characters")
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
