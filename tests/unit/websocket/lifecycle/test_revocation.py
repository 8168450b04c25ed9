"""What is remembered of questioned access. The rest is in tests/integration/test_renewal.py."""

from app.websocket.lifecycle.revocation import RecentRevocations
from tests.support.clock import FakeClock


def test_only_hints_since_the_moment_count():
    clock = FakeClock()
    recent = RecentRevocations(clock=clock)
    assert not recent.noted_since("a", 0)
    recent.note("a")
    assert recent.noted_since("a", clock.monotonic())
    assert not recent.noted_since("b", 0)
    clock.advance(1)
    assert not recent.noted_since("a", clock.monotonic())


def test_the_oldest_is_forgotten_when_there_are_too_many():
    recent = RecentRevocations(clock=FakeClock(), max_users=2)
    for user in ("a", "b", "a", "c"):
        recent.note(user)
    assert [recent.noted_since(user, 0) for user in ("a", "b", "c")] == [True, False, True]
