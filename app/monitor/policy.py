"""What an observer does about a task, decided from numbers. Pure: no clock, no database.

An observer trusts its own monotonic clock alone: not the wall clock of a worker, nor when a row says that something
happened. So a machine that slept or a clock that jumped expires nothing.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from app.core.config import Settings
from app.domain.tasks import TaskStatus

PENDING_SAYS_SO_S: Final = 60.0  # delivery.md: a task pending with no worker for 60 s says so
PAUSE_S: Final = 20.0  # an observer that itself paused longer has seen nothing and starts over


class Action(StrEnum):
    """What is to be done now."""

    WARN_LONG_RUNNING = "warn_long_running"
    FAIL_TIMEOUT = "fail_timeout"
    WARN_STALLED = "warn_stalled"
    SUSPECT = "suspect"
    RECOVERED = "recovered"
    LOST = "lost"
    WARN_WAITING = "warn_waiting"
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
class Sight:
    """A task as one look at the database showed it."""

    status: TaskStatus
    attempt: int
    heartbeat: int
    running_s: float  # running time up to the last heartbeat
    moved: Any  # whatever changes when the scan gets on; compared for equality only


@dataclass(frozen=True, slots=True)
class Watch:
    """What the observer remembers of a task. Moments are its own monotonic seconds."""

    sight: Sight
    status_at: float  # since when it has this status in this attempt
    beat_at: float  # when the counter last rose
    moved_at: float
    suspect: bool = False
    stalled: bool = False  # said already; for one stall once
    warned_long: bool = False
    warned_waiting: bool = False

    @classmethod
    def begin(cls, sight: Sight, now: float) -> "Watch":
        return cls(sight, status_at=now, beat_at=now, moved_at=now)

    def start_over(self, now: float) -> "Watch":
        """The observer was away: nothing of what it measured counts."""
        return replace(self, status_at=now, beat_at=now, moved_at=now)


def judge(
    watch: Watch | None, sight: Sight, now: float, limits: Limits, heard: bool = False
) -> tuple[Watch, tuple[Action, ...]]:
    """The new memory, and what to do. Each warning comes once per attempt, `WARN_STALLED` once per stall.

    `heard`: the worker is known to be at work by another way than its heartbeat.
    """
    if watch is None or watch.sight.attempt != sight.attempt or watch.sight.status != sight.status:
        return _enter(watch, sight, now), ()
    watch, recovered = _update(watch, sight, now, heard=heard)
    match sight.status:
        case TaskStatus.PENDING:
            return _judge_waiting(watch, now, limits)
        case TaskStatus.RUNNING:
            watch, actions = _judge_running(watch, now, limits)
        case TaskStatus.CANCELLING:
            watch, actions = _judge_cancelling(watch, now, limits)
        case _:
            return watch, ()
    return watch, (*recovered, *actions)


def _enter(watch: Watch | None, sight: Sight, now: float) -> Watch:
    fresh = Watch.begin(sight, now)
    if watch is None or watch.sight.attempt != sight.attempt:
        return fresh
    return replace(fresh, warned_long=watch.warned_long, suspect=watch.suspect)


def _update(watch: Watch, sight: Sight, now: float, *, heard: bool) -> tuple[Watch, tuple[Action, ...]]:
    beats = heard or sight.heartbeat != watch.sight.heartbeat
    moves = sight.moved != watch.sight.moved
    updated = replace(
        watch,
        sight=sight,
        beat_at=now if beats else watch.beat_at,
        suspect=watch.suspect and not beats,
        moved_at=now if moves else watch.moved_at,
        stalled=watch.stalled and not moves,
    )
    return updated, ((Action.RECOVERED,) if watch.suspect and beats else ())


def _judge_waiting(watch: Watch, now: float, limits: Limits) -> tuple[Watch, tuple[Action, ...]]:
    if watch.warned_waiting or now - watch.status_at < limits.waiting_s:
        return watch, ()
    return replace(watch, warned_waiting=True), (Action.WARN_WAITING,)


def _judge_running(watch: Watch, now: float, limits: Limits) -> tuple[Watch, tuple[Action, ...]]:
    running_s = watch.sight.running_s + (now - watch.beat_at)
    if running_s >= limits.failure_s:
        return watch, (Action.FAIL_TIMEOUT,)
    watch, actions = _judge_beat(watch, now, limits)
    if Action.LOST in actions:
        return watch, actions
    if running_s >= limits.warning_s and not watch.warned_long:
        watch, actions = replace(watch, warned_long=True), (*actions, Action.WARN_LONG_RUNNING)
    if now - watch.moved_at >= limits.stalled_s and not watch.stalled:
        watch, actions = replace(watch, stalled=True), (*actions, Action.WARN_STALLED)
    return watch, actions


def _judge_cancelling(watch: Watch, now: float, limits: Limits) -> tuple[Watch, tuple[Action, ...]]:
    if now - watch.status_at >= limits.force_cancel_s:
        return watch, (Action.FORCE_CANCEL,)
    return _judge_beat(watch, now, limits)


def _judge_beat(watch: Watch, now: float, limits: Limits) -> tuple[Watch, tuple[Action, ...]]:
    silent_s = now - watch.beat_at
    if silent_s >= limits.lost_s:
        return watch, (Action.LOST,)
    if silent_s >= limits.suspect_s and not watch.suspect:
        return replace(watch, suspect=True), (Action.SUSPECT,)
    return watch, ()
