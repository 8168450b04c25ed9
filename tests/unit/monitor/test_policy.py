import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.config import Settings
from app.domain.tasks import TaskStatus
from app.monitor.policy import PAUSE_S, Action, Limits, Observation, Rounds, assess

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


def test_a_suspect_that_is_to_be_cancelled_recovers_when_it_beats():
    cancelling = [observation(TaskStatus.CANCELLING, moved=3), observation(TaskStatus.CANCELLING, heartbeat=2, moved=4)]
    assert follow([observation(moved=n) for n in range(4)] + cancelling) == [
        (30.0, Action.SUSPECT),
        (50.0, Action.RECOVERED),
    ]


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


def look(times, *, beats=(), blind=(), limits=LIMITS, interval_s=10.0):
    """(time, action) of what is decided in rounds at these times; `beats` and `blind` are some of the times."""
    watch, rounds, found, heartbeat = None, Rounds(), [], 0
    for now in times:
        left_out_s = rounds.unwatched_s(now, interval_s=interval_s, pause_s=limits.pause_s, was_blind=now in blind)
        if watch is not None:
            watch = watch.leave_out(left_out_s)
        heartbeat += now in beats
        watch, actions = assess(watch, observation(heartbeat=heartbeat, moved=now), now, limits)
        found += [(now, action) for action in actions]
    return found


def test_a_pause_of_the_observer_expires_nothing():
    assert look([0, 10, 3_600, 3_610, 3_620], beats=(0, 10)) == []


def test_what_was_seen_before_a_pause_is_kept():
    assert look([0, 10, 20, 3_600, 3_610, 3_620, 3_630]) == [
        (3_610, Action.SUSPECT),
        (3_630, Action.LOST),
    ]


def test_a_lost_worker_is_noticed_where_every_round_is_late():
    """Rounds came 31 s apart, and each time all that had been seen was forgotten."""
    rounds = range(0, 600, 31)
    assert look(rounds)[:2] == [(4 * 31, Action.SUSPECT), (6 * 31, Action.LOST)]
    assert look(rounds, beats=set(rounds)) == []


@pytest.mark.parametrize("every_s", [5, 20, 60, 600])
def test_who_beats_between_any_two_rounds_is_never_lost(every_s):
    rounds = range(0, 100 * every_s, every_s)
    assert look(rounds, beats=set(rounds)) == []


def test_while_nobody_can_write_time_stands():
    rounds = [0, 10, 20, 120, 220, 320]
    assert look(rounds, blind=(120, 220, 320)) == []
    assert look([*rounds, 330, 340, 350], blind=(120, 220, 320)) == [(330, Action.SUSPECT), (350, Action.LOST)]


@given(st.lists(st.floats(0.1, 1_000.0), min_size=1, max_size=100))
def test_no_more_is_left_out_than_has_passed_and_nothing_between_rounds_that_come_in_time(gaps):
    rounds, now, before = Rounds(), 0.0, 0.0
    rounds.unwatched_s(now, interval_s=10.0, pause_s=PAUSE_S, was_blind=False)
    for gap in gaps:
        now = before + gap
        left_out_s = rounds.unwatched_s(now, interval_s=10.0, pause_s=PAUSE_S, was_blind=False)
        assert 0.0 <= left_out_s <= now - before
        assert (left_out_s == 0.0) == (now - before <= PAUSE_S)
        before = now
