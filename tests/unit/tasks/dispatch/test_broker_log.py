"""A queue that is away is a warning of one line; a mistake of the program keeps its traceback."""

import logging
import sys

import pytest
from kombu.exceptions import OperationalError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.tasks.dispatch.broker_log import LOGGERS, WithoutTraceback, shorten_broker_log


def record_of(error):
    try:
        raise error
    except type(error):
        arguments = ("celery", logging.CRITICAL, __file__, 1, "Couldn't ack %r", ("7",), sys.exc_info())
        return logging.LogRecord(*arguments)


@pytest.mark.parametrize("error", [OperationalError("x"), RedisTimeoutError("x"), ConnectionResetError("x")])
def test_a_queue_that_is_away_is_one_line_with_its_reason(error):
    record = record_of(error)
    assert WithoutTraceback().filter(record)
    assert record.getMessage() == f"Couldn't ack '7' ({type(error).__name__})"
    assert (record.exc_info, record.levelname) == (None, "WARNING")


def test_a_mistake_of_the_program_keeps_its_traceback():
    record = record_of(ValueError("x"))
    assert WithoutTraceback().filter(record)
    assert record.exc_info[0] is ValueError
    assert record.levelno == logging.CRITICAL


def test_that_it_cannot_be_reached_is_said_in_one_line_every_ten_seconds():
    now, said = 0.0, []
    quiet = WithoutTraceback(monotonic=lambda: now)
    for now in (0.0, 2.0, 6.0, 12.0, 20.0, 22.0):
        text = "consumer: Cannot connect to %s: %s.\n%s\n"
        record = logging.LogRecord(
            "c", logging.ERROR, __file__, 1, text, ("redis://a", "refused", "Trying again"), None
        )
        if quiet.filter(record):
            said.append((now, record.levelname, record.getMessage()))
    line = "consumer: Cannot connect to redis://a: refused."
    assert said == [(0.0, "WARNING", line), (12.0, "WARNING", line), (22.0, "WARNING", line)]


@pytest.fixture
def loggers():
    found = [logging.getLogger(name) for name in LOGGERS]
    kept = [list(logger.filters) for logger in found]
    yield found
    for logger, filters in zip(found, kept, strict=True):
        logger.filters[:] = filters


def test_it_is_put_on_each_logger_once(loggers):
    shorten_broker_log()
    shorten_broker_log()
    for logger in loggers:
        assert [type(found) for found in logger.filters].count(WithoutTraceback) == 1
