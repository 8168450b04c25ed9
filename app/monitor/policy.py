"""Decides from numbers what the monitor does about a task. Pure: no clock, no database.

The monitor trusts its own monotonic clock alone, not the wall clock of a worker, nor the times in a row. So a machine
that slept or a clock that jumped expires nothing.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from app.core.config import Settings
from app.domain.tasks import TaskStatus

PENDING_SAYS_SO_S: Final = 60.0  # delivery.md: a task pending with no worker for 60 s says so
PAUSE_S: Final = 20.0  # a monitor whose rounds are further apart has not watched all the time between


class Action(StrEnum):
    """Action of the monitor."""

    WARN_LONG_RUNNING = "warn_long_running"
    FAIL_TIMEOUT = "fail_timeout"
    WARN_STALLED = "warn_stalled"
    SUSPECT = "suspect"
    RECOVERED = "recovered"
    LOST = "lost"
    WARN_WAITING = "warn_waiting"
    WARN_NO_WORKER = "warn_no_worker"
    FORCE_CANCEL = "force_cancel"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds each; from the settings."""

    warning_s: float
    failure_s: float
    stalled_s: float
    suspect_s: float
    lost_s: float
    force_cancel_s: float
    waiting_s: float = PENDING_SAYS_SO_S
    pause_s: float = PAUSE_S

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(
            warning_s=settings.long_running_warning_s,
            failure_s=settings.long_running_failure_s,
            stalled_s=settings.stalled_after_s,
            suspect_s=settings.worker_suspect_after_s,
            lost_s=settings.worker_lost_after_s,
            force_cancel_s=settings.cancel_force_after_s,
        )


@dataclass(frozen=True, slots=True)
class Observation:
    """State of a task, as read from the database."""

    status: TaskStatus
    attempt: int
    heartbeat: int
    running_s: float  # running time up to the last heartbeat
    moved: Any  # all that changes when the scan gets on; compared for equality only
    unserved_s: float = 0.0  # since a worker that could take it was last heard of


@dataclass(frozen=True, slots=True)
class WatchState:
    """State that the monitor keeps of a task. Times are monotonic seconds."""

    observation: Observation
    status_at: float  # since when it has this status in this attempt
    beat_at: float  # when the counter last rose
    moved_at: float
    suspect: bool = False
    stalled: bool = False  # warned already; once per stall
    warned_long: bool = False
    warned_waiting: bool = False
    warned_no_worker: bool = False

    @classmethod
    def begin(cls, observation: Observation, now: float) -> "WatchState":
        return cls(observation, status_at=now, beat_at=now, moved_at=now)

    def leave_out(self, seconds: float) -> "WatchState":
        """Return it without so many seconds in which the monitor itself did not watch. What it saw before is kept."""
        return replace(
            self,
            status_at=self.status_at + seconds,
            beat_at=self.beat_at + seconds,
            moved_at=self.moved_at + seconds,
        )


class Rounds:
    """Measures for how long the monitor did not run between two rounds."""

    def __init__(self) -> None:
        self._at: float | None = None  # of the last one, in monotonic seconds
        self._was_late = False

    def unwatched_s(self, now: float, *, interval_s: float, pause_s: float, was_blind: bool) -> float:
        """Note a round at `now` and return the seconds since the one before that do not count.

        All count between rounds that come as they should. Of a pause (a machine that slept) none does; where rounds are
        late again and again, each counts as one that was not. `was_blind`: nobody could write meanwhile, so that no
        heartbeat rose.
        """
        since_s = 0.0 if self._at is None else now - self._at
        is_late, was_late = since_s > max(pause_s, 2 * interval_s), self._was_late
        self._at, self._was_late = now, is_late
        if was_blind:
            return since_s
        if not is_late:
            return 0.0
        return since_s - interval_s if was_late else since_s


def assess(
    watch: WatchState | None, observation: Observation, now: float, limits: Limits, responsive: bool = False
) -> tuple[WatchState, tuple[Action, ...]]:
    """Return the new state, and what to do. Each warning comes once per attempt, `WARN_STALLED` once per stall.

    `responsive`: the worker is known to be at work by another way than its heartbeat.
    """
    if (
        watch is None
        or watch.observation.attempt != observation.attempt
        or watch.observation.status != observation.status
    ):
        return _begin(watch, observation, now), ()
    watch, recovered = _update(watch, observation, now, responsive=responsive)
    match observation.status:
        case TaskStatus.PENDING:
            return _assess_waiting(watch, now, limits)
        case TaskStatus.RUNNING:
            watch, actions = _assess_running(watch, now, limits)
        case TaskStatus.CANCELLING:
            watch, actions = _assess_cancelling(watch, now, limits)
        case _:
            return watch, ()
    return watch, (*recovered, *actions)


def _begin(watch: WatchState | None, observation: Observation, now: float) -> WatchState:
    fresh = WatchState.begin(observation, now)
    if watch is None or watch.observation.attempt != observation.attempt:
        return fresh
    return replace(fresh, warned_long=watch.warned_long, suspect=watch.suspect)


def _update(
    watch: WatchState, observation: Observation, now: float, *, responsive: bool
) -> tuple[WatchState, tuple[Action, ...]]:
    beats = responsive or observation.heartbeat != watch.observation.heartbeat
    moves = observation.moved != watch.observation.moved
    updated = replace(
        watch,
        observation=observation,
        beat_at=now if beats else watch.beat_at,
        suspect=watch.suspect and not beats,
        moved_at=now if moves else watch.moved_at,
        stalled=watch.stalled and not moves,
    )
    return updated, ((Action.RECOVERED,) if watch.suspect and beats else ())


def _assess_waiting(watch: WatchState, now: float, limits: Limits) -> tuple[WatchState, tuple[Action, ...]]:
    """Nobody to take it is said first, and its place in the queue when somebody is there and others go before it."""
    if now - watch.status_at < limits.waiting_s:
        return watch, ()
    if watch.observation.unserved_s >= limits.waiting_s:
        if watch.warned_no_worker:
            return watch, ()
        return replace(watch, warned_no_worker=True), (Action.WARN_NO_WORKER,)
    if watch.warned_waiting:
        return watch, ()
    return replace(watch, warned_waiting=True), (Action.WARN_WAITING,)


def _assess_running(watch: WatchState, now: float, limits: Limits) -> tuple[WatchState, tuple[Action, ...]]:
    running_s = watch.observation.running_s + (now - watch.beat_at)
    if running_s >= limits.failure_s:
        return watch, (Action.FAIL_TIMEOUT,)
    watch, actions = _assess_heartbeat(watch, now, limits)
    if Action.LOST in actions:
        return watch, actions
    if running_s >= limits.warning_s and not watch.warned_long:
        watch, actions = replace(watch, warned_long=True), (*actions, Action.WARN_LONG_RUNNING)
    if now - watch.moved_at >= limits.stalled_s and not watch.stalled:
        watch, actions = replace(watch, stalled=True), (*actions, Action.WARN_STALLED)
    return watch, actions


def _assess_cancelling(watch: WatchState, now: float, limits: Limits) -> tuple[WatchState, tuple[Action, ...]]:
    if now - watch.status_at >= limits.force_cancel_s:
        return watch, (Action.FORCE_CANCEL,)
    return _assess_heartbeat(watch, now, limits)


def _assess_heartbeat(watch: WatchState, now: float, limits: Limits) -> tuple[WatchState, tuple[Action, ...]]:
    silent_s = now - watch.beat_at
    if silent_s >= limits.lost_s:
        return watch, (Action.LOST,)
    if silent_s >= limits.suspect_s and not watch.suspect:
        return replace(watch, suspect=True), (Action.SUSPECT,)
    return watch, ()
