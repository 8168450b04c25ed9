import logging

import pytest
import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.tracebacks import BURST, MAX_MESSAGE, RepeatLimit, format_traceback, message_of
from tests.support.logs import captured_log

SECRET = "hunter2-7c1f94e07b5d"


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    password: int


def raised(action):
    try:
        action()
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("nothing was raised")


def refuse():
    Form.model_validate({"password": SECRET, SECRET: 1})


def refuse_and_fail():
    try:
        refuse()
    except ValidationError as error:
        problem = RequestValidationError(error.errors(), body={"password": SECRET})
        try:
            raise problem
        except RequestValidationError:
            raise RuntimeError("the handler is closed")  # noqa: B904 - as it happens by itself


def written(error):
    return format_traceback((type(error), error, error.__traceback__))


def test_a_validation_error_says_what_kinds_of_problems_there_were_and_no_value_nor_name():
    assert message_of(raised(refuse)) == "int_parsing (1), extra_forbidden (1)"


def test_nothing_of_an_input_is_in_a_chain():
    said = written(raised(refuse_and_fail))
    assert SECRET not in said
    assert said.index("ValidationError: ") < said.index("RequestValidationError: int_parsing (1), extra_forbidden (1)")
    assert said.endswith("RuntimeError: the handler is closed")
    assert said.count("During handling of the above exception") == 2


def test_a_cause_is_told_and_a_hidden_context_is_not():
    def wrap(hidden):
        try:
            int("one")
        except ValueError as error:
            raise KeyError("two") from (None if hidden else error)

    assert "direct cause" in written(raised(lambda: wrap(hidden=False)))
    assert "\nValueError" not in written(raised(lambda: wrap(hidden=True)))


def test_errors_of_a_group_are_told():
    def group():
        raise ExceptionGroup("all", [ValueError("one"), ExceptionGroup("inner", [KeyError("two")])])

    said = written(raised(group))
    assert all(part in said for part in ("ValueError: one", "KeyError: 'two'", "It holds, among others"))


def test_it_is_bounded():
    def deep(depth):
        if depth == 0:
            raise ValueError("x" * 100_000)
        try:
            deep(depth - 1)
        except ValueError as error:
            raise ValueError("y" * 100_000) from error

    assert len(written(raised(lambda: deep(200)))) < 6 * (MAX_MESSAGE + 20_000)


def test_a_chain_that_bites_its_tail_ends():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert written(first).count("ValueError: first") == 1


@pytest.fixture
def limit():
    times = [0.0]
    found = RepeatLimit(now=lambda: times[0])
    return found, times


def record_of(error):
    return logging.makeLogRecord({"msg": "failed", "exc_info": (type(error), error, error.__traceback__)})


def test_an_error_of_one_place_is_told_some_times_and_then_counted(limit):
    found, times = limit
    error, other = raised(refuse), raised(refuse_and_fail)
    assert [bool(found.filter(record_of(error))) for _ in range(BURST + 5)] == [True] * BURST + [False] * 5
    assert found.filter(record_of(other))
    times[0] += 60
    record = record_of(error)
    assert found.filter(record)
    assert record.msg == "failed (and 5 times before)"


def test_what_is_no_error_is_never_dropped(limit):
    found, _ = limit
    assert all(found.filter(logging.makeLogRecord({"msg": "x"})) for _ in range(100))


def test_both_ways_of_logging_are_limited():
    with captured_log() as stream:
        for log in (structlog.get_logger("x"), logging.getLogger("y")):
            for _ in range(BURST * 3):
                try:
                    refuse()
                except ValidationError:
                    log.exception("failed")
        assert stream.getvalue().count("Traceback") == BURST
