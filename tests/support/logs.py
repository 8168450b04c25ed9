"""The product's own log, written to recent."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from app.core.logging import LogFormat, RedactingFormatter, configure_logging


@contextmanager
def captured_log(level: str = "DEBUG", log_format: LogFormat = "auto") -> Iterator[io.StringIO]:
    """What is logged until the block ends, as the product would write it (to no terminal: JSON)."""
    stream = io.StringIO()
    configure_logging(level, log_format, stream=stream)
    try:
        yield stream
    finally:
        forget_logging()


def records(log: io.StringIO) -> list[dict[str, Any]]:
    """What has been logged so far, the oldest first."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def forget_logging(level: int = logging.WARNING) -> None:
    """As if it had never been configured."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h.formatter, RedactingFormatter)]:
        root.removeHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()
