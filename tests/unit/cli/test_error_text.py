import errno

import pytest

from app.cli.error_text import describe
from app.client.errors import ClientError, ServerUnreachable, Stopped, TaskLost
from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import ConfigurationError, Conflict
from app.core.system_errors import reason_of
from app.domain.messages import MessageCatalog
from tests.support.said import said


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConfigurationError(text="key_too_short", path="/k"), said("error.key_too_short", path="/k")),
        (Stopped("It refuses.", code="logged_out"), said("cli.stopped", reason=said("lost.logged_out"))),
        (TaskLost("No.", code="not_found"), said("cli.task_lost", reason=said("lost.not_found"))),
        (ServerUnreachable("No.", code="http_502"), said("cli.failed", reason=said("lost.http", status=502))),
        (ServerUnreachable(said("cli.task_deleted"), code="unreachable"), said("cli.task_deleted")),
        (ClientError("Said by the server.", code="not_found"), "Said by the server."),
        (
            ExceptionGroup("x", [ValueError("a"), ExceptionGroup("y", [Conflict(code="task_finished")])]),
            said("error.task_finished"),
        ),
        (ValueError("one\ntwo"), said("cli.unexpected", error="ValueError: one")),
        (ExceptionGroup("x", [KeyError()]), said("cli.unexpected", error="KeyError")),
    ],
)
def test_an_error_is_one_line(error, line):
    assert describe(error, MessageCatalog("en")) == line


def test_an_error_with_a_text_is_told_in_the_readers_language():
    chinese = MessageCatalog("zh-CN")
    assert describe(Conflict(code="task_finished"), chinese) == chinese("error.task_finished")


def test_a_text_within_the_text_is_told_in_the_readers_language_too():
    error = ConfigurationError(text="not_written", path="/b", reason=reason_of(PermissionError(errno.EACCES, "no")))
    assert describe(error, MessageCatalog("zh-CN")) == "无法写入 /b：没有权限。"
    assert describe(error, MessageCatalog("en")) == error.message == "/b cannot be written: permission denied."


def test_what_the_command_line_raises_is_told_as_it_was_written():
    chinese = MessageCatalog("zh-CN")
    assert describe(ConfigurationError(chinese("cli.no_admin")), chinese) == chinese("cli.no_admin")


@pytest.mark.parametrize("failure", Failure)
def test_a_database_that_fails_says_why_in_the_readers_language(failure):
    chinese = MessageCatalog("zh-CN")
    assert chinese(f"failure.{failure.key}") in describe(DatabaseUnavailable(failure), chinese)
