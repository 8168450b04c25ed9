"""What the log says when the queue cannot be reached: one line with the reason.

Celery goes on by itself when Redis is there again, so it is no error of the program, and needs no traceback.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

LOGGERS: Final = ("celery.worker.consumer.consumer", "celery.worker.request")  # that write one for it
CANNOT_CONNECT: Final = "consumer: Cannot connect to"
SAY_EVERY_S: Final = 10.0
_AWAY: Final = (OperationalError, RedisConnectionError, RedisTimeoutError, OSError)


class WithoutTraceback(logging.Filter):
    """The records of a queue that is away become warnings that name the kind of trouble; of the tries to connect to it
    one in ten seconds is told.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._said_at: float | None = None  # that it cannot connect

    def filter(self, record: logging.LogRecord) -> bool:
        if record.getMessage().startswith(CANNOT_CONNECT):
            return self._is_due(record)
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _AWAY):
            record.msg, record.args = f"{record.getMessage().strip()} ({type(error).__name__})", ()
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True

    def _is_due(self, record: logging.LogRecord) -> bool:
        now = self._monotonic()
        if self._said_at is not None and now - self._said_at < SAY_EVERY_S:
            return False
        self._said_at = now
        record.msg, record.args = record.getMessage().split("\n")[0], ()
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def shorten_broker_log() -> None:
    """May be called again."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(found, WithoutTraceback) for found in logger.filters):
            logger.addFilter(WithoutTraceback())
