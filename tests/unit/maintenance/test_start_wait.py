"""A start without its database: what is said, and when it goes on."""

import pytest
from pydantic import SecretStr

from app.maintenance.start_wait import LOOK_EVERY_S, await_database, pauses_before, pauses_until
from tests.support.backend import make_settings
from tests.support.clock import FakeClock
from tests.support.logs import captured_log, records

PASSWORD = "not-to-be-logged"


def test_a_database_that_is_away_is_said_every_ten_seconds_and_when_it_is_back():
    clock = FakeClock()
    answers = iter(["refused"] * 25)
    waited = 0.0
    with captured_log("INFO") as log:
        for pause_s in pauses_until(lambda: next(answers, None), monotonic=clock.monotonic):
            assert pause_s == LOOK_EVERY_S
            clock.advance(pause_s)
            waited += pause_s
    assert waited == 25
    said = [(entry["event"], entry.get("reason")) for entry in records(log)]
    assert said == [*[("database_awaited", "refused")] * 3, ("database_answers", None)]


def test_one_that_answers_at_once_is_nothing_to_say():
    with captured_log("INFO") as log:
        assert list(pauses_until(lambda: None)) == []
    assert log.getvalue() == ""


def distributed(folder):
    url = f"postgresql+psycopg://compliance:{PASSWORD}@127.0.0.1:1/compliance"
    return make_settings(folder, database_url=url, redis_url=SecretStr("redis://127.0.0.1:1/0"))


def test_the_line_says_what_the_driver_says_and_no_password(tmp_path):
    with captured_log("INFO") as log:
        pauses = pauses_before(distributed(tmp_path))
        assert next(pauses) == LOOK_EVERY_S
        pauses.close()
    (line,) = records(log)
    assert (line["event"], line["level"]) == ("database_awaited", "warning")
    assert "port 1" in line["reason"]
    assert PASSWORD not in log.getvalue()
    assert "Traceback" not in log.getvalue()


class GoneAway(Exception):
    """The test has seen enough."""


async def test_a_server_waits_for_it_and_the_embedded_one_has_nothing_to_wait_for(tmp_path):
    pauses = []

    async def sleep(pause_s):
        pauses.append(pause_s)
        if len(pauses) == 3:
            raise GoneAway

    await await_database(make_settings(tmp_path), sleep=sleep)
    assert pauses == []
    with pytest.raises(GoneAway):
        await await_database(distributed(tmp_path), sleep=sleep)
