import os
import threading
from datetime import UTC, datetime

from app.domain.rechecks import RecheckOutcome
from app.events.bus.base import AccessHint, TaskHint
from app.events.event import Event
from app.tasks.process_protocol import BROWSER_LINE, decode_hint, decode_rechecks, decode_verdicts
from app.tasks.worker.loop_watchdog import LOOP_SILENCE_S, LoopWatchdog
from app.tasks.worker.pipe_bus import MAX_WAITING, PipeBus

EVENT = Event("t", 3, 1, "task_warning", '{"code":"partial","message":"界"}', datetime(2026, 1, 2, tzinfo=UTC))
HINT = TaskHint("t", "u", 3, "running", (EVENT,))


def test_hints_come_out_in_order_and_ticks_when_nothing_else_does():
    read, write = os.pipe()
    bus = PipeBus(descriptor=write, watchdog=LoopWatchdog(), on_broken=lambda: None, tick_s=0.01)
    bus.publish(HINT)
    bus.publish(AccessHint("u"))
    bus.want_browser()
    bus.count_verdicts({"suppressed": 2})
    bus.count_rechecks({RecheckOutcome.FAILED: 1})
    bus.start()
    with os.fdopen(read, "rb") as lines:
        assert decode_hint(lines.readline()) == HINT
        assert lines.readline() == BROWSER_LINE
        assert decode_verdicts(lines.readline()) == {"suppressed": 2}
        assert decode_rechecks(lines.readline()) == {"failed": 1}
        assert lines.readline() == b'{"tick":1}\n'
        bus.close(5)
    os.close(write)
    assert not bus.is_alive()


def test_a_parent_that_does_not_read_costs_hints_and_never_blocks():
    read, write = os.pipe()
    bus = PipeBus(descriptor=write, watchdog=LoopWatchdog(), on_broken=lambda: None)
    for _ in range(MAX_WAITING + 10):
        bus.publish(HINT)
    assert bus._lines.qsize() == MAX_WAITING
    os.close(read)
    os.close(write)


def test_a_parent_that_is_gone_is_told_once():
    read, write = os.pipe()
    broken = threading.Event()
    bus = PipeBus(descriptor=write, watchdog=LoopWatchdog(), on_broken=broken.set, tick_s=0.01)
    os.close(read)
    bus.start()
    assert broken.wait(60)
    bus.join(60)
    os.close(write)


def test_a_loop_that_hangs_stops_the_ticks():
    read, write = os.pipe()
    moments = [0.0]
    watchdog = LoopWatchdog(lambda: moments[0])
    bus = PipeBus(descriptor=write, watchdog=watchdog, on_broken=lambda: None, tick_s=0.01)
    assert bus._next() == b'{"tick":1}\n'
    moments[0] = LOOP_SILENCE_S + 1
    assert bus._next() == b""
    watchdog.touch()
    assert bus._next() == b'{"tick":3}\n'
    os.close(read)
    os.close(write)


def test_that_the_process_has_begun_is_said_before_anything_else():
    read, write = os.pipe()
    bus = PipeBus(descriptor=write, watchdog=LoopWatchdog(), on_broken=lambda: None)
    bus.publish(HINT)
    bus.announce()
    bus.start()
    with os.fdopen(read, "rb") as lines:
        assert lines.readline() == b'{"tick":0}\n'
        assert decode_hint(lines.readline()) == HINT
        bus.close(5)
    os.close(write)


def test_a_parent_that_has_gone_before_is_noticed_when_the_bus_starts():
    read, write = os.pipe()
    broken = threading.Event()
    bus = PipeBus(descriptor=write, watchdog=LoopWatchdog(), on_broken=broken.set, tick_s=0.01)
    os.close(read)
    bus.announce()
    assert not broken.is_set()
    bus.start()
    assert broken.wait(30)
    bus.join(30)
    os.close(write)
