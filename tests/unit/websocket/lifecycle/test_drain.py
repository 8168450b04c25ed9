"""Who is sent away when."""

from types import SimpleNamespace

import pytest

from app.websocket.lifecycle.drain import Drain
from tests.support.clock import FakeClock
from tests.support.transports import FakeTransport


class Doorman:
    """Counts who has gone at which second."""

    def __init__(self, count, *, ready=True):
        self.clock = FakeClock()
        self.began = self.clock.monotonic()
        self.gone_at = []
        self.advice = []
        self.connections = [
            SimpleNamespace(transport=FakeTransport(), send_frame=self.advice.append, ready=ready) for _ in range(count)
        ]
        self.streams = SimpleNamespace(refused=False, stopped=False)
        self.drain = Drain(
            registry=SimpleNamespace(all=lambda: self.connections),
            streams=StreamRegistry(),
            clock=self.clock,
            close_connection=lambda _connection, _code: self.gone_at.append(self.clock.monotonic() - self.began),
        )


class StreamRegistry(list):
    def refuse_new(self):
        self.refuses = True

    def stop(self):
        self.refuses = True


async def test_they_go_one_by_one_over_the_given_time():
    door = Doorman(100)
    await door.drain.spread(10, lambda: False)
    assert len(door.gone_at) == len(door.advice) == 100
    per_second = [sum(1 for at in door.gone_at if second <= at < second + 1) for second in range(10)]
    assert all(5 <= count <= 15 for count in per_second)
    assert door.gone_at[-1] == pytest.approx(10, abs=0.2)


async def test_who_is_in_a_hurry_does_not_wait():
    door = Doorman(100)
    await door.drain.spread(10, lambda: door.clock.monotonic() - door.began > 2)
    assert len(door.gone_at) == 100
    assert door.gone_at[-1] < 2.5


async def test_who_was_not_welcomed_yet_goes_without_advice():
    door = Doorman(3, ready=False)
    door.drain.close_all()
    assert (len(door.gone_at), door.advice) == (3, [])


async def test_a_balancer_has_the_time_to_notice_though_nobody_is_there():
    door = Doorman(0)
    await door.drain.spread(10, lambda: False)
    assert door.clock.monotonic() - door.began == pytest.approx(10, abs=0.2)
    await door.drain.spread(10, lambda: True)
    assert door.clock.monotonic() - door.began == pytest.approx(10, abs=0.2)
