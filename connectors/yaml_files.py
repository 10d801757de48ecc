"""The YAML files that a person names, one by one or by their folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from connectors.errors import Fault

# Time, size and number of a file: what a change shows in.
Stamp = tuple[int, int, int]
Stamps = tuple[tuple[str, Stamp], ...]


def yaml_files_of(paths: Iterable[str | Path], faults: list[Fault], what: str) -> list[Path]:
    """Give the files that paths name, of a folder all YAML files below it; adds what is wrong with a path.

    ``what`` the files are is said where a folder has none: "rules files".
    """
    found: list[Path] = []
    for path in map(Path, paths):
        try:
            is_folder = path.is_dir()
        except OSError as error:
            faults.append(Fault(str(path), 0, "", f"cannot be read: {error.strerror}"))
            continue
        if is_folder:
            inside = sorted(one for one in path.rglob("*") if one.suffix in (".yaml", ".yml") and one.is_file())
            if not inside:
                faults.append(Fault(str(path), 0, "", f"expected {what} (*.yaml) in this folder, found none"))
            found += inside
        else:
            found.append(path)
    return found


def stamp_of(path: Path) -> Stamp:
    """Give a file's stamp; zeros for one that is not there."""
    try:
        about = path.stat()
    except (OSError, ValueError):
        return 0, 0, 0
    return about.st_mtime_ns, about.st_size, about.st_ino


def stamps_of(paths: Iterable[str | Path]) -> Stamps:
    """Give all files that paths name with their stamps; what is wrong with a path is told by whoever reads it."""
    return tuple((str(file), stamp_of(file)) for file in yaml_files_of(paths, [], ""))
