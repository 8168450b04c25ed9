from hypothesis import given
from hypothesis import strategies as st

from app.core.config import Settings
from app.domain.tasks import TaskStatus
from app.monitor.policy import Action, Limits, Observation, WatchState, assess

LIMITS = Limits.of(Settings())


def observation(status=TaskStatus.RUNNING, attempt=1, heartbeat=1, running_s=0.0, moved=0, unserved_s=0.0):
    return Observation(status, attempt, heartbeat, running_s, moved, unserved_s)


def follow(sights, *, every_s=10.0, limits=LIMITS):
    """(time, action) of everything decided while looking at these sights one after the other."""
    watch, found, now = None, [], 0.0
    for seen in sights:
        watch, actions = assess(watch, seen, now, limits)
        found += [(now, action) for action in actions]
        now += every_s
    return found


def test_a_beating_and_moving_scan_is_left_alone():
    assert follow([observation(heartbeat=n, running_s=10.0 * n, moved=n) for n in range(100)]) == []


def test_a_silent_worker_is_suspected_once_after_30_s_and_lost_after_45():
    assert follow([observation(moved=n) for n in range(7)]) == [
        (30.0, Action.SUSPECT),
        (50.0, Action.LOST),
        (60.0, Action.LOST),
    ]


def test_a_suspect_that_beats_again_has_recovered():
    sights = [observation(moved=n) for n in range(4)] + [
        observation(heartbeat=2, moved=4),
        observation(heartbeat=3, moved=5),
    ]
    assert follow(sights) == [(30.0, Action.SUSPECT), (40.0, Action.RECOVERED)]


def test_long_running_is_said_once_at_six_hours():
    sights = [observation(heartbeat=n, running_s=6 * 3_600 - 20 + 10 * n, moved=n) for n in range(10)]
    assert follow(sights) == [(20.0, Action.WARN_LONG_RUNNING)]


def test_the_running_time_goes_on_between_two_heartbeats():
    limits = Limits.of(Settings(worker_suspect_after_s=500, worker_lost_after_s=600))
    sights = [observation(running_s=6 * 3_600 - 15, moved=n) for n in range(4)]
    assert follow(sights, limits=limits) == [(20.0, Action.WARN_LONG_RUNNING)]


def test_twelve_hours_are_the_end_although_it_beats():
    sights = [observation(heartbeat=n, running_s=12 * 3_600, moved=n) for n in range(2)]
    assert follow(sights) == [(10.0, Action.FAIL_TIMEOUT)]


def test_a_stall_is_said_once_and_again_at_the_next_stall():
    still = [observation(heartbeat=n) for n in range(40)]
    moved = [observation(heartbeat=100 + n, moved=1) for n in range(40)]
    assert follow([*still, *moved]) == [(300.0, Action.WARN_STALLED), (700.0, Action.WARN_STALLED)]


def test_a_task_that_waits_says_so_once_after_a_minute():
    assert follow([observation(TaskStatus.PENDING)] * 20) == [(60.0, Action.WARN_WAITING)]


def test_a_task_that_nobody_can_take_says_that_instead_and_its_place_when_somebody_comes():
    sights = [observation(TaskStatus.PENDING, unserved_s=30.0 + 10 * n) for n in range(10)]
    assert follow(sights) == [(60.0, Action.WARN_NO_WORKER)]
    assert follow([*sights, *[observation(TaskStatus.PENDING)] * 5, *sights]) == [
        (60.0, Action.WARN_NO_WORKER),
        (100.0, Action.WARN_WAITING),
    ]


def test_a_task_that_waits_since_a_moment_misses_nobody_yet():
    assert follow([observation(TaskStatus.PENDING, unserved_s=500.0)] * 6) == []


def test_a_cancel_is_forced_after_a_minute():
    sights = [observation(heartbeat=1)] + [observation(TaskStatus.CANCELLING, heartbeat=n) for n in range(8)]
    assert follow(sights) == [(70.0, Action.FORCE_CANCEL), (80.0, Action.FORCE_CANCEL)]


def test_a_new_attempt_is_looked_at_afresh():
    sights = [observation() for _ in range(4)] + [
        observation(TaskStatus.PENDING, attempt=2),
        observation(attempt=2),
        observation(attempt=2),
    ]
    assert follow(sights) == [(30.0, Action.SUSPECT)]


def test_a_finished_task_needs_nothing():
    assert follow([observation(TaskStatus.COMPLETED)] * 100) == []


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_nobody_is_lost_who_beat_within_45_s(beats):
    heartbeat, watch, now, last_beat = 0, None, 0.0, 0.0
    for beat in beats:
        if beat:
            heartbeat, last_beat = heartbeat + 1, now
        watch, actions = assess(watch, observation(heartbeat=heartbeat), now, LIMITS)
        assert (Action.LOST in actions) == (now - last_beat >= LIMITS.lost_s)
        now += 10.0


def test_an_observer_that_starts_over_expires_nothing():
    watch = WatchState.begin(observation(), 0.0).start_over(1_000.0)
    assert assess(watch, observation(), 1_010.0, LIMITS)[1] == ()
