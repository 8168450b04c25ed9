"""The product's own log, written to recent."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app.core.logging import RedactingFormatter, configure_logging


@contextmanager
def captured_log(level: str = "DEBUG") -> Iterator[io.StringIO]:
    """What is logged until the block ends, as the product would write it."""
    stream = io.StringIO()
    configure_logging(level, stream=stream)
    try:
        yield stream
    finally:
        forget_logging()


def forget_logging(level: int = logging.WARNING) -> None:
    """As if it had never been configured."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h.formatter, RedactingFormatter)]:
        root.removeHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()
