"""Logging: one handler, one format, and everything that leaves the process passes `redact`.

The records of the standard library (uvicorn's above all, whose accept line holds `?token=`) take the same way.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

from app.core import trace_context
from app.core.redact import redact, redact_value
from app.core.tracebacks import RepeatLimit, write_traceback

# Loggers whose own handlers and levels would bypass ours.
ROUTED: Final = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "asyncio", "alembic", "sqlalchemy")
QUIET: Final = ("alembic", "sqlalchemy", "asyncio", "websockets", "httptools")  # warnings and worse only
# Below this they write down what came from the wire, frames and headers alike: no redaction could know all of it.
WIRE: Final = ("uvicorn.error",)

EventDict = MutableMapping[str, Any]


class RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Redacts the finished line once more: tracebacks and foreign messages are only text by then."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def redact_event(_logger: Any, _method: str, event_dict: EventDict) -> EventDict:
    """Processor: redacts by the names of the keywords, which the finished line no longer shows."""
    for name, value in event_dict.items():
        if not name.startswith("_") and name not in ("exc_info", "stack_info", "level", "timestamp"):
            event_dict[name] = redact_value(name, value)
    return event_dict


def add_trace_id(_logger: Any, _method: str, event_dict: EventDict) -> EventDict:
    """Processor: says on whose behalf the line was written (`core.trace_context`)."""
    event_dict["trace_id"] = trace_context.current().trace_id
    return event_dict


def configure_logging(level: str = "INFO", *, stream: TextIO | None = None, colors: bool | None = None) -> None:
    """Send every logger to one redacted handler on stderr (or `stream`). May be called again."""
    stream = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace_id,
        redact_event,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter(processors=_rendering(stream, colors), foreign_pre_chain=shared))
    handler.addFilter(RepeatLimit())
    _route(handler, level)


def _rendering(stream: TextIO, colors: bool | None) -> list[Any]:
    colors = stream.isatty() if colors is None else colors
    renderer = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=write_traceback)
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]


def _route(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old.formatter, RedactingFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in ROUTED:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in WIRE:
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))
