"""Structured logs: an event name and fields; ids, never message text, phone numbers or tokens."""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal

import structlog

FORBIDDEN_FIELDS = frozenset({"text", "phone", "token", "secret", "body", "name"})


def configure_logs(*, level: str = "info", style: Literal["console", "json"] = "console") -> None:
    """Send every log line, ours and the libraries', to standard error in one form."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the default one prints local variables: people's words
        )
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _drop_forbidden,
    ]
    severity = logging.getLevelName(level.upper())
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(severity),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(severity, logging.WARNING))  # libraries speak up only when something is wrong
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # what it repeats each second, our loops say once


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(component=name)
    return logger


def _drop_forbidden(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    for field in FORBIDDEN_FIELDS & event.keys():
        event[field] = "[left out]"
    return event
