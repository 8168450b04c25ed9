import os
import threading
from datetime import UTC, datetime

from app.events.bus.base import AccessHint, TaskHint
from app.events.types import Event
from app.tasks.pipe import MAX_WAITING, PipeBus, decode_hint, encode_hint
from app.tasks.pulse import LOOP_SILENCE_S, LoopPulse

EVENT = Event("t", 3, 1, "task_warning", '{"code":"partial","message":"界"}', datetime(2026, 1, 2, tzinfo=UTC))
HINT = TaskHint("t", "u", 3, "running", (EVENT,))


def test_a_hint_survives_the_pipe():
    assert decode_hint(encode_hint(HINT)) == HINT


def test_a_tick_and_garbage_are_no_hints():
    assert [decode_hint(line) for line in (b'{"tick":1}\n', b"warning: x\n", b'{"hint":[1]}\n', b"[]")] == [None] * 4


def test_hints_come_out_in_order_and_ticks_when_nothing_else_does():
    read, write = os.pipe()
    bus = PipeBus(descriptor=write, pulse=LoopPulse(), on_broken=lambda: None, tick_s=0.01)
    bus.publish(HINT)
    bus.publish(AccessHint("u"))
    bus.start()
    with os.fdopen(read, "rb") as lines:
        assert decode_hint(lines.readline()) == HINT
        assert lines.readline() == b'{"tick":1}\n'
        bus.close(5)
    os.close(write)
    assert not bus.is_alive()


def test_a_parent_that_does_not_read_costs_hints_and_never_blocks():
    read, write = os.pipe()
    bus = PipeBus(descriptor=write, pulse=LoopPulse(), on_broken=lambda: None)
    for _ in range(MAX_WAITING + 10):
        bus.publish(HINT)
    assert bus._lines.qsize() == MAX_WAITING
    os.close(read)
    os.close(write)


def test_a_parent_that_is_gone_is_told_once():
    read, write = os.pipe()
    broken = threading.Event()
    bus = PipeBus(descriptor=write, pulse=LoopPulse(), on_broken=broken.set, tick_s=0.01)
    os.close(read)
    bus.start()
    assert broken.wait(5)
    bus.join(5)
    os.close(write)


def test_a_loop_that_hangs_stops_the_ticks():
    read, write = os.pipe()
    moments = [0.0]
    pulse = LoopPulse(lambda: moments[0])
    bus = PipeBus(descriptor=write, pulse=pulse, on_broken=lambda: None, tick_s=0.01)
    assert bus._next() == b'{"tick":1}\n'
    moments[0] = LOOP_SILENCE_S + 1
    assert bus._next() == b""
    pulse.touch()
    assert bus._next() == b'{"tick":3}\n'
    os.close(read)
    os.close(write)
