import inspect

import pytest

from app.core import errors
from app.core.errors import Conflict, LimitReached, NotFound, ScannerError, Unavailable
from app.domain.messages import Language
from tests.support.said import said

TREE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_has_a_message_a_code_and_a_status(kind):
    error = kind("It is so.")
    assert isinstance(error, ScannerError)
    assert (str(error), error.message, error.code) == ("It is so.", "It is so.", kind.code)
    assert kind.status >= 400
    assert error.retry_after_s is None


def test_a_code_of_its_own_stands_on_the_error_and_not_on_its_class():
    error = Conflict(code="task_finished")
    assert (error.code, Conflict.code) == ("task_finished", "conflict")


def test_what_may_go_well_later_is_retryable():
    assert {kind for kind in TREE if kind.retryable} == {LimitReached, Unavailable}
    assert LimitReached("Slowly.", retry_after_s=3.0).retry_after_s == 3.0


def test_codes_are_told_apart():
    assert len({kind.code for kind in TREE}) == len(TREE)
    assert NotFound.status == 404


def test_a_text_is_that_of_the_code_or_a_finer_one_in_the_readers_language():
    error = LimitReached(code="task_limit", limit=5)
    assert error.text_in(Language.EN) == error.message == said("error.task_limit", limit=5)
    assert error.text_in(Language.ZH_CN) == said("error.task_limit", "zh-CN", limit=5)
    assert NotFound(text="no_such_user").text_in(Language.EN) == said("error.no_such_user")
    assert NotFound().text_in(Language.EN) == said("error.not_found")


def test_what_a_log_is_told_is_not_what_a_client_reads():
    error = Unavailable("the disk behind /data is full")
    assert error.message == "the disk behind /data is full"
    assert "/data" not in error.text_in(Language.EN)
