"""Logging: lines for people on a terminal, JSON lines otherwise; one process, one name."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up(process: str, *, level: str = "info") -> None:
    """Set logging up for this process; every line says which it is."""
    for_people = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(pad_event_to=16)
        if for_people
        else structlog.processors.JSONRenderer(sort_keys=False)
    )
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if for_people else "iso", utc=not for_people),
    ]
    if not for_people:
        processors.append(structlog.processors.dict_tracebacks)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    # Libraries speak through the standard module; what they say below a warning is not for operators.
    # Beam says at import, on the root logger, that it cannot use a service that nobody asked for.
    logging.getLogger().addFilter(lambda record: "apitools not found" not in record.getMessage())
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def silence() -> None:
    """Say no more of what libraries tell: for a process that was asked to end."""
    logging.disable(logging.CRITICAL)
