"""What is remembered of questioned access. The rest is in tests/integration/test_renewal.py."""

from app.websocket.access import AccessMemory
from tests.support.clock import FakeClock


def test_only_hints_since_the_moment_count():
    clock = FakeClock()
    memory = AccessMemory(clock=clock)
    assert not memory.heard_since("a", 0)
    memory.note("a")
    assert memory.heard_since("a", clock.monotonic())
    assert not memory.heard_since("b", 0)
    clock.advance(1)
    assert not memory.heard_since("a", clock.monotonic())


def test_the_oldest_is_forgotten_when_there_are_too_many():
    memory = AccessMemory(clock=FakeClock(), max_users=2)
    for user in ("a", "b", "a", "c"):
        memory.note(user)
    assert [memory.heard_since(user, 0) for user in ("a", "b", "c")] == [True, False, True]
