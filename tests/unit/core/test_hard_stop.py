"""A process that does not end by itself is ended."""

import threading

from app.core.hard_stop import HARD_STOP_CODE, HardStop
from tests.support.logs import captured_log, records


def test_who_has_not_ended_in_time_is_ended():
    ended, codes = threading.Event(), []

    def end(code):
        codes.append(code)
        ended.set()

    with captured_log("INFO") as log:
        hard_stop = HardStop(after_s=0.01, end=end)
        hard_stop.begin()
        hard_stop.begin()
        assert ended.wait(10)
    assert codes == [HARD_STOP_CODE]
    assert [line["after_s"] for line in records(log)] == [0.01]


def test_who_has_ended_in_time_is_left_alone():
    hard_stop = HardStop(after_s=3_600, end=lambda _code: None)
    hard_stop.begin()
    (timer,) = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    hard_stop.cancel()
    timer.join(10)
    assert not timer.is_alive()


def test_who_was_never_asked_to_end_has_nothing_to_cancel():
    HardStop(after_s=0, end=lambda _code: None).cancel()
