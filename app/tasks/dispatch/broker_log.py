"""What the log says when the queue cannot be reached: one line with the reason.

Celery goes on by itself when Redis is there again, so it is no error of the program, and needs no traceback.
"""

import logging
from typing import Final

from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

LOGGERS: Final = ("celery.worker.consumer.consumer", "celery.worker.request")  # that write one for it
_AWAY: Final = (OperationalError, RedisConnectionError, RedisTimeoutError, OSError)


class WithoutTraceback(logging.Filter):
    """Lets all records through; those of a queue that is away become warnings that name the kind of trouble."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _AWAY):
            record.msg, record.args = f"{record.getMessage().strip()} ({type(error).__name__})", ()
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def shorten_broker_log() -> None:
    """May be called again."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(found, WithoutTraceback) for found in logger.filters):
            logger.addFilter(WithoutTraceback())
