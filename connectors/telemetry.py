"""What every connector says in the same words."""

from __future__ import annotations

from enum import StrEnum

import structlog
from prometheus_client import Counter

from connectors.errors import SettingsError

_logger = structlog.get_logger()
_FAULTS_SHOWN = 20


class FileKind(StrEnum):
    """Files that are read again while the system runs."""

    FEEDS = "feeds"
    RULES = "rules"
    NAMES = "names"


_REFUSED = Counter(
    "wirewatch_files_refused_total", "Changed files that had mistakes; the last good ones stayed in force.", ["kind"]
)
for _kind in FileKind:
    _REFUSED.labels(_kind)


def files_refused(kind: FileKind, error: SettingsError) -> None:
    """Count a changed file that was not taken over, and name its mistakes."""
    _REFUSED.labels(kind).inc()
    shown = [str(fault) for fault in error.faults[:_FAULTS_SHOWN]]
    _logger.error("files_refused", kind=kind.value, faults=shown, fault_count=len(error.faults))
