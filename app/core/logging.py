"""Logging: one handler, and everything that leaves the process passes `redact`.

People at a terminal get a short line: time, level, what happened, and the facts. Everything else (a file, a pipe, the
journal) is read by programs and gets one JSON object a line, with the trace and the logger. The records of the standard
library (uvicorn's above all, whose accept line holds `?token=`) take the same way.
"""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Literal, TextIO

import orjson
import structlog

from app.core import trace_context
from app.core.redact import display_text, redact, redact_value
from app.core.tracebacks import RepeatLimit, format_traceback

# Loggers whose own handlers and levels would bypass ours.
ROUTED: Final = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "asyncio", "alembic", "sqlalchemy")
QUIET: Final = ("alembic", "sqlalchemy", "asyncio", "websockets", "httptools")  # warnings and worse only
# Below this they write down what came from the wire, frames and headers alike: no redaction could know all of it.
WIRE: Final = ("uvicorn.error",)

LogFormat = Literal["auto", "text", "json"]
EventDict = MutableMapping[str, Any]
EVENT_NAME: Final = re.compile(r"[a-z0-9_]+")
UNSAID: Final = frozenset({"timestamp", "logger", "trace_id"})  # on a terminal
DIM, PLAIN = "\x1b[2m", "\x1b[0m"
TONES: Final = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}


class RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Redacts the finished line once more: tracebacks and foreign messages are only text by then."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class JsonFormatter(RedactingFormatter):
    """Texts are redacted before they stand in quotes (`render_json`): after that the line would be no JSON any more."""

    def format(self, record: logging.LogRecord) -> str:
        return structlog.stdlib.ProcessorFormatter.format(self, record)


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


def configure_logging(
    level: str = "INFO", log_format: LogFormat = "auto", *, stream: TextIO | None = None, colors: bool | None = None
) -> None:
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
    handler.setFormatter(_formatter(shared, log_format, is_terminal=stream.isatty(), colors=colors))
    handler.addFilter(RepeatLimit())
    _route(handler, level)


def _formatter(
    shared: list[Any], log_format: LogFormat, *, is_terminal: bool, colors: bool | None
) -> RedactingFormatter:
    is_text = is_terminal if log_format == "auto" else log_format == "text"
    formatter, renderer = (
        (RedactingFormatter, partial(render_text, colors=is_terminal if colors is None else colors))
        if is_text
        else (JsonFormatter, render_json)
    )
    end: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.ExceptionRenderer(format_traceback),
        renderer,
    ]
    return formatter(processors=end, foreign_pre_chain=shared)


def render_text(_logger: Any, _method: str, event_dict: EventDict, *, colors: bool) -> str:
    """Renderer: `06:20:49 info     Database migrated: after=0039`, without what only programs find lines by."""
    facts = {name: value for name, value in event_dict.items() if name not in UNSAID and value is not None}
    event, level, error = (str(facts.pop(name, "")) for name in ("event", "level", "exception"))
    said = event.replace("_", " ").capitalize() if EVENT_NAME.fullmatch(event) else display_text(event)
    told = " ".join(f"{name}={_shown(value)}" for name, value in facts.items())
    moment = datetime.now(UTC).astimezone().strftime("%H:%M:%S")  # of the terminal's clock
    dim, tone, plain = (DIM, TONES.get(level, ""), PLAIN) if colors else ("", "", "")
    line = f"{dim}{moment}{plain} {tone}{level:<8}{plain} {said}{f': {told}' if told else ''}"
    return "\n".join([line, *map(display_text, error.split("\n"))]) if error else line


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if text and text.isprintable() and " " not in text else repr(text)


def render_json(_logger: Any, _method: str, event_dict: EventDict) -> str:
    """Renderer: one object on one line, every text in it redacted."""
    redacted = {name: redact(value) if isinstance(value, str) else value for name, value in event_dict.items()}
    try:
        return orjson.dumps(redacted).decode()
    except TypeError:  # a lone surrogate, a number beyond 64 bits
        return json.dumps(redacted, default=str)


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
