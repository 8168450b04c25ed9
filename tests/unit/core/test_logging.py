import logging

import pytest
import structlog

from app.core.logging import configure_logging
from tests.support.logs import captured_log

SECRET = "abc123secret"


@pytest.fixture
def stream():
    with captured_log() as stream:
        yield stream


def test_the_accept_line_of_uvicorn_shows_no_token(stream):
    message = '%s - "WebSocket %s" [accepted]'
    logging.getLogger("uvicorn.error").info(message, "127.0.0.1:5", f"/api/v1/monitor/ws?token={SECRET}")
    assert SECRET not in stream.getvalue()
    assert "/api/v1/monitor/ws?token=***" in stream.getvalue()
    assert "uvicorn.error" in stream.getvalue()


def test_keywords_are_redacted_by_their_names(stream):
    structlog.get_logger("x").info(
        "signed_in", password=SECRET, url=f"http://a/?sig={SECRET}", user_id="u1", body=SECRET
    )
    assert SECRET not in stream.getvalue()
    assert "user_id=u1" in stream.getvalue()


def test_tracebacks_are_redacted_too(stream):
    def fail() -> None:
        raise ValueError(f"bad header Authorization: Bearer {SECRET}")

    try:
        fail()
    except ValueError:
        structlog.get_logger("x").exception("failed")
        logging.getLogger("y").exception("failed")
    assert stream.getvalue().count("Traceback") == 2
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
