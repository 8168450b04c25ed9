import io
import json
import logging
import re

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app.core.logging import PLAIN, configure_logging
from tests.support.logs import captured_log, forget_logging

SECRET = "abc123secret"
TEXTS = st.text(st.characters(codec=None), max_size=60)  # lone surrogates, too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(params=["text", "json"])
def stream(request):
    with captured_log(log_format=request.param) as stream:
        yield stream


def fail():
    raise ValueError(f"bad header Authorization: Bearer {SECRET}")


def test_the_accept_line_of_uvicorn_shows_no_token(stream):
    message = '%s - "WebSocket %s" [accepted]'
    logging.getLogger("uvicorn.error").info(message, "127.0.0.1:5", f"/api/v1/monitor/ws?token={SECRET}")
    assert SECRET not in stream.getvalue()
    assert "/api/v1/monitor/ws?token=***" in stream.getvalue()


def test_keywords_are_redacted_by_their_names(stream):
    structlog.get_logger("x").info(
        "signed_in", password=SECRET, url=f"http://a/?sig={SECRET}", user_id="u1", body=SECRET
    )
    assert SECRET not in stream.getvalue()
    assert re.search(r"user_id(=|\":\")u1", stream.getvalue())


def test_tracebacks_are_redacted_too(stream):
    try:
        fail()
    except ValueError:
        structlog.get_logger("x").exception("failed")
        logging.getLogger("y").exception("failed")
    assert stream.getvalue().count("Traceback") == 2
    assert SECRET not in stream.getvalue()


def test_what_stands_in_quotes_in_a_foreign_message_is_redacted_too(stream):
    logging.getLogger("y").warning('{"Cookie": "sid=%s", "password": "%s"}', SECRET, SECRET)
    assert SECRET not in stream.getvalue()


def test_levels_are_kept_and_chatterers_are_quiet(stream):
    configure_logging("WARNING", stream=stream)
    structlog.get_logger("x").info("not_this")
    structlog.get_logger("x").warning("but_this")
    logging.getLogger("sqlalchemy.engine").info("nor this")
    assert "but_this" in stream.getvalue()
    assert "not_this" not in stream.getvalue()
    assert "nor this" not in stream.getvalue()


def test_configuring_twice_does_not_say_everything_twice(stream):
    configure_logging("INFO", stream=stream)
    structlog.get_logger("x").info("once")
    assert stream.getvalue().count("once") == 1


@pytest.mark.parametrize(
    ("log_format", "stream", "is_json"),
    [
        ("auto", io.StringIO, True),
        ("auto", Terminal, False),
        ("text", io.StringIO, False),
        ("json", Terminal, True),
    ],
)
def test_a_terminal_gets_text_and_everything_else_json_unless_the_setting_says_otherwise(log_format, stream, is_json):
    log = stream()
    configure_logging("INFO", log_format, stream=log)
    try:
        structlog.get_logger("x").info("once")
    finally:
        forget_logging()
    assert log.getvalue().startswith("{") is is_json


def test_people_read_a_short_line_with_time_level_sentence_and_facts():
    with captured_log(log_format="text") as log:
        structlog.get_logger("app.migrations").info("database_migrated", before=None, after="0039", path="a b")
        logging.getLogger("uvicorn.error").warning("Invalid HTTP\x1b[31m request\nreceived.")
    first, second = log.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d info     Database migrated: after=0039 path='a b'", first)
    assert second[9:] == "warning  Invalid HTTP\N{REPLACEMENT CHARACTER}[31m request received."


def test_a_traceback_follows_the_line_that_people_read():
    with captured_log(log_format="text") as log:
        try:
            fail()
        except ValueError:
            structlog.get_logger("x").exception("failed", task_id="t")
    first, second, *_ = log.getvalue().splitlines()
    assert (first[9:], second) == ("error    Failed: task_id=t", "Traceback (most recent call last):")


def test_colours_stand_on_a_terminal_alone():
    log = Terminal()
    configure_logging("INFO", stream=log)
    try:
        structlog.get_logger("x").warning("once")
    finally:
        forget_logging()
    assert PLAIN in log.getvalue()
    with captured_log(log_format="text") as plain:
        structlog.get_logger("x").warning("once")
    assert PLAIN not in plain.getvalue()


def test_programs_read_an_object_a_line_with_the_trace_and_the_logger():
    with captured_log() as log:
        structlog.get_logger("app.x").info("task_purged", task_id="t", rows=[1, {"token": SECRET}])
        try:
            fail()
        except ValueError:
            logging.getLogger("y").exception("failed")
    first, second = map(json.loads, log.getvalue().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", first.pop("timestamp"))
    assert re.fullmatch(r"[0-9a-f]{32}", first.pop("trace_id"))
    assert first == {
        "event": "task_purged",
        "level": "info",
        "logger": "app.x",
        "task_id": "t",
        "rows": [1, {"token": "***"}],
    }
    assert second["exception"].startswith("Traceback (most recent call last):\n")
    assert (second["event"], second["logger"], "exc_info" in second) == ("failed", "y", False)


@given(TEXTS, VALUES)
def test_whatever_is_logged_is_one_line_of_json(message, value):
    with captured_log() as log:
        structlog.get_logger("x").info(message, fact=value)
        logging.getLogger("y").info("%s", message)
    lines = log.getvalue().split("\n")
    assert lines.pop() == ""
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert len(lines) == 2


@given(TEXTS, VALUES)
def test_whatever_is_logged_is_one_line_that_steers_no_terminal(message, value):
    with captured_log(log_format="text") as log:
        structlog.get_logger("x").info(message, fact=value)
    line, end = log.getvalue().split("\n")
    assert end == ""
    assert line.isprintable()
