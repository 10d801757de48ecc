"""Settings as frozen dataclasses, read from YAML with every fault's line. Pure but for reading files.

A settings class is a frozen dataclass whose fields are made with ``setting(...)``: default, unit,
one line of help. ``read(cls, path)`` gives the instance or raises ``SettingsError`` with all faults.
The docs page and the check command are generated from the same declarations. A class may have a
method ``faults()`` that yields (field, message) for mistakes that no single field shows; where it looks
at one text field at a time, ``judges_fields_alone`` has it asked although other fields are wrong.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, cast

import yaml

from connectors.errors import Fault, SettingsError, reason_of

T = TypeVar("T")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_REQUIRED: Any = dataclasses.MISSING
_YAML_SIZE_LIMIT = 8 * 1024 * 1024
# Beyond any span that means something, and short enough to be taken off any date.
_SPAN_LIMIT = timedelta(days=36_500)
_DIGITS_LIMIT = 18
_SHOWN_LIMIT = 200
# More mistakes than a person reads; aliases make millions of a few lines.
_FAULTS_LIMIT = 10_000
# What no path, name or address can hold.
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


def setting(
    default: Any = _REQUIRED,
    *,
    help: str,
    factory: Callable[[], Any] | None = None,
    minimum: float | timedelta | None = None,
    maximum: float | timedelta | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """Declare one field of a settings class; a secret never shows in ``repr``."""
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices, "secret": secret}
    if factory is not None:
        return dataclasses.field(default_factory=factory, metadata=metadata, repr=not secret)
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


def parse_span(text: str) -> timedelta | None:
    """Read "250ms", "30s", "10m", "6h" or "14d"; None for anything else, and beyond a hundred years."""
    found = _SPAN.fullmatch(text.strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else math.inf
    return timedelta(seconds=seconds) if seconds <= _SPAN_LIMIT.total_seconds() else None


def span_text(span: timedelta) -> str:
    """Print a span as ``parse_span`` reads it, in the largest unit that fits."""
    for unit, seconds in reversed(_UNITS.items()):
        amount = span.total_seconds() / seconds
        if amount >= 1 and amount == int(amount):
            return f"{int(amount)}{unit}"
    return f"{span.total_seconds():g}s"


def read_nodes(path: str | Path) -> yaml.Node | None:
    """Compose a YAML file into nodes that know their lines; None for an empty file.

    Errors: SettingsError for a file that cannot be read, is too large, or is no YAML.
    """
    name = str(path)
    raw = read_bytes(path, _YAML_SIZE_LIMIT)
    try:
        return yaml.compose(raw.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError([Fault(name, line, "", f"expected UTF-8 text: {error.reason}")]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise SettingsError([Fault(name, line, "", f"no valid YAML: {error.problem}")]) from error
    except yaml.reader.ReaderError as error:
        line = raw.decode("utf-8-sig").count("\n", 0, error.position) + 1
        message = f"no valid YAML: control character U+{error.character:04X}"
        raise SettingsError([Fault(name, line, "", message)]) from error
    except RecursionError as error:
        raise SettingsError([Fault(name, 0, "", "no valid YAML: nested too deep")]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError([Fault(name, 0, "", f"no valid YAML: {str(error).splitlines()[0]}")]) from error


def read_bytes(path: str | Path, limit: int) -> bytes:
    """Read a file that a person names, endless ones not beyond the limit.

    Errors: SettingsError for a file that cannot be read or is larger.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise SettingsError([Fault(str(path), 0, "", f"cannot be read: {reason_of(error)}")]) from error
    if len(raw) > limit:
        raise SettingsError([Fault(str(path), 0, "", f"expected at most {limit} bytes, got more")])
    return raw


def read(cls: type[T], path: str | Path) -> T:
    """Read a YAML file as settings of that class. Errors: SettingsError with every fault."""
    faults: list[Fault] = []
    value = Builder(str(path), faults).build(cls, read_nodes(path), "")
    if faults:
        raise SettingsError(faults)
    return cast(T, value)


class Builder:
    """Turns YAML nodes into typed values and collects faults instead of stopping at the first."""

    def __init__(self, path: str, faults: list[Fault]) -> None:
        self._path = path
        self._faults = faults

    def fault(self, node: yaml.Node | None, where: str, message: str) -> None:
        """Record one fault at a node. Errors: SettingsError with all of them where there are too many to go on."""
        line = node.start_mark.line + 1 if node is not None else 0
        self._faults.append(Fault(self._path, line, where, message))
        if len(self._faults) >= _FAULTS_LIMIT:
            raise SettingsError([*self._faults, Fault(self._path, line, "", "more mistakes than are listed")])

    def build(
        self, kind: Any, node: yaml.Node | None, where: str, limits: types.MappingProxyType[str, Any] | None = None
    ) -> Any:
        """Build a value of that type; a fault is recorded and None returned where it cannot be."""
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            return self._build_settings(kind, node, where)
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in (types.UnionType, Union):
            if node is None or _is_null(node):
                return None
            inner = next(argument for argument in arguments if argument is not type(None))
            return self.build(inner, node, where, limits)
        if node is None:
            self.fault(None, where, f"expected {_described(kind)}, got nothing")
            return None
        if origin is tuple:
            return self._build_list(arguments[0], node, where)
        if origin is dict:
            return self._build_mapping(arguments[1], node, where)
        return self._build_scalar(kind, node, where, limits or types.MappingProxyType({}))

    def _build_settings(self, kind: type[Any], node: yaml.Node | None, where: str) -> Any:
        fields = {field.name: field for field in dataclasses.fields(kind)}
        hints = typing.get_type_hints(kind)
        given: dict[str, Any] = {}
        sound: set[str] = set()
        nodes: dict[str, yaml.Node] = {}
        before = len(self._faults)
        if node is not None and not _is_null(node):
            if not isinstance(node, yaml.MappingNode):
                self.fault(node, where, "expected a mapping of settings")
                return None
            for key_node, value_node in node.value:
                if not isinstance(key_node, yaml.ScalarNode):
                    self.fault(key_node, where, "expected the name of a setting, got a list or mapping")
                    continue
                key = str(key_node.value)
                place = f"{where}.{key}" if where else key
                if key not in fields:
                    near = difflib.get_close_matches(key, fields, n=1)
                    hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(fields)}"
                    self.fault(key_node, place, f"unknown setting{hint}")
                elif key in given:
                    self.fault(key_node, place, "given twice")
                else:
                    nodes[key] = value_node
                    told = len(self._faults)
                    given[key] = self.build(hints[key], value_node, place, fields[key].metadata)
                    if len(self._faults) == told:
                        sound.add(key)
        for name, field in fields.items():
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if required and name not in given:
                self.fault(node, f"{where}.{name}" if where else name, f"required: {field.metadata.get('help', '')}")
        is_built = len(self._faults) == before
        if not is_built and not getattr(kind, "judges_fields_alone", False):
            return None
        value = kind(**given) if is_built else kind(**{name: given[name] if name in sound else "" for name in fields})
        for name, message in value.faults() if hasattr(value, "faults") else ():
            if is_built or name in sound:
                self.fault(nodes.get(name, node), f"{where}.{name}" if where else name, message)
        return value if is_built else None

    def _build_list(self, kind: Any, node: yaml.Node, where: str) -> tuple[Any, ...]:
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, where, f"expected a list of {_described(kind)}")
            return ()
        return tuple(self.build(kind, item, f"{where}[{place}]") for place, item in enumerate(node.value))

    def _build_mapping(self, kind: Any, node: yaml.Node, where: str) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, where, "expected a mapping")
            return {}
        return {str(key.value): self.build(kind, value, f"{where}.{key.value}") for key, value in node.value}

    def _build_scalar(self, kind: Any, node: yaml.Node, where: str, limits: Any) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            self.fault(
                node,
                where,
                f"expected {_described(kind)}, got a {'list' if isinstance(node, yaml.SequenceNode) else 'mapping'}",
            )
            return None
        value = _scalar(kind, node)
        shown = "a secret" if limits.get("secret") else repr(node.value)
        if value is None:
            self.fault(node, where, f"expected {_described(kind)}, got {_cut(shown)}")
            return None
        minimum, maximum, choices = (limits.get(name) for name in ("minimum", "maximum", "choices"))
        if minimum is not None and value < minimum:
            self.fault(node, where, f"expected at least {_shown(minimum)}, got {shown}")
        if maximum is not None and value > maximum:
            self.fault(node, where, f"expected at most {_shown(maximum)}, got {shown}")
        if choices and value not in choices:
            self.fault(node, where, f"expected one of {', '.join(choices)}, got {shown}")
        return value


def is_text(node: yaml.ScalarNode) -> bool:
    """Say whether a text setting takes a node: neither null nor what no path, name or address can hold."""
    return not _is_null(node) and _UNUSABLE.search(str(node.value)) is None


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _scalar(kind: Any, node: yaml.ScalarNode) -> Any:
    text, tag = str(node.value), node.tag.rpartition(":")[2]
    if kind is str:
        return text if is_text(node) else None
    if kind is bool:
        return text.lower() in ("true", "yes", "on") if tag == "bool" else None
    if kind is int:
        return int(text) if tag == "int" and re.fullmatch(rf"[+-]?\d{{1,{_DIGITS_LIMIT}}}", text) else None
    if kind is float:
        return float(text) if tag in ("int", "float") and re.fullmatch(r"[+-]?[\d.]+(?:[eE][+-]?\d+)?", text) else None
    if kind is timedelta:
        return parse_span(text)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next((member for member in kind if member.value == text), None)
    raise TypeError(f"no settings of type {kind!r}")


def _cut(shown: str) -> str:
    return shown if len(shown) <= _SHOWN_LIMIT else f"{shown[:_SHOWN_LIMIT]}…"


def _shown(value: Any) -> str:
    return span_text(value) if isinstance(value, timedelta) else f"{value}"


def _described(kind: Any) -> str:
    """Name a type as a user would."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(member.value) for member in kind)
    names = {
        str: "text",
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        timedelta: "a span such as 30s, 10m or 14d",
    }
    if typing.get_origin(kind) is tuple:
        return "a list"
    if typing.get_origin(kind) is dict:
        return "a mapping"
    return names.get(kind, "a mapping of settings")


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """One setting as the docs show it."""

    name: str
    kind: str
    default: str
    help: str


def declared(cls: type[Any], prefix: str = "") -> list[Declared]:
    """List every setting of a class, nested classes flattened with dots, lists with []."""
    found: list[Declared] = []
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        kind, name = hints[field.name], f"{prefix}{field.name}"
        inner = kind
        if typing.get_origin(kind) is tuple:
            inner = typing.get_args(kind)[0]
        if dataclasses.is_dataclass(inner) and isinstance(inner, type):
            found += declared(inner, f"{name}[]." if inner is not kind else f"{name}.")
            continue
        if typing.get_origin(kind) in (types.UnionType, Union):
            inner = next(argument for argument in typing.get_args(kind) if argument is not type(None))
        default = (
            "required"
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            else _default_text(field)
        )
        found.append(
            Declared(
                name,
                _described(inner if typing.get_origin(kind) is not tuple else kind),
                default,
                field.metadata["help"],
            )
        )
    return found


def _default_text(field: dataclasses.Field[Any]) -> str:
    value = (
        field.default
        if field.default is not dataclasses.MISSING
        else cast("Callable[[], Any]", field.default_factory)()
    )
    if value is None or value == "" or value == () or value == {}:
        return "none"
    if isinstance(value, timedelta):
        return span_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    return str(value.value if isinstance(value, Enum) else value)
