"""The client's whole rule for one followed task (protocol.md, section 2). No I/O: frames in, commands out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

ANSWER_TIMEOUT_S: Final = 10.0
RETRY_BASE_S: Final = 1.0  # pause after a refusal that may pass (`server_busy`), doubled each time
RETRY_MAX_S: Final = 30.0
# Refusals that asking again does not change.
FINAL_REFUSALS: Final = frozenset(
    {
        "not_found",
        "insufficient_scope",
        "subscription_limit",
        "invalid_field",
        "missing_field",
        "unknown_type",
        "database_damaged",
    }
)
DEFAULT_TOPICS: Final = ("progress", "logs")

Frame = Mapping[str, Any]


class FrameEffect(StrEnum):
    """What a frame means for the one who follows."""

    APPLY = "apply"  # in order: it changes the state; a snapshot replaces it
    IGNORE = "ignore"  # a duplicate, a notice, somebody else's, or from before the answer to the command in flight
    GAP = "gap"  # something is missing: the next command asks for it
    SETTLED = "settled"  # the command in flight was answered
    LOST = "lost"  # the task cannot be followed; `lost_code` says why


@dataclass(frozen=True, slots=True)
class _InFlight:
    id: str
    type: str
    sent_at: float


class TaskSubscription:
    """One task on one connection after the other. `last` is the position; it survives the connections.

    The owner sends what `next_command` gives, hands every frame to `receive`, and calls `disconnected` between two
    connections. Times are monotonic seconds of the owner's clock.
    """

    def __init__(
        self,
        task_id: str,
        *,
        last_seq: int | None = None,
        epoch: str | None = None,
        log_tail: int = 200,
        topics: tuple[str, ...] = DEFAULT_TOPICS,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """`last_seq` must have been reached under the same topics, in the log of that `epoch`."""
        self.task_id = task_id
        self.last = last_seq  # seq of the newest applied frame; None: only a snapshot will do
        self.epoch = epoch  # in which `last` counts; None: the server has not named one
        self.lost_code: str | None = None  # set with the verdict LOST
        self._log_tail = log_tail
        self._topics = topics
        self._answer_timeout_s = answer_timeout_s
        self._placed = False  # the server has said that it follows the task on this connection
        self._gap = False
        self._in_flight: _InFlight | None = None  # one command at a time
        self._commands = 0
        self._refusals = 0  # in a row
        self._not_before = 0.0  # the next command waits until then

    def disconnected(self) -> None:
        """Forget the connection, and with it all that the server knew of it. The position stays."""
        self._placed = self._gap = False
        self._in_flight = None
        self._not_before = 0.0

    def next_command(self, now: float) -> dict[str, Any] | None:
        """Return the command that is due, marked as sent; None while there is none."""
        due = self.due_at()
        if due is None or now < due:
            return None
        kind = "resume" if self._placed and self._gap and self.last is not None else "subscribe_task"
        self._commands += 1
        self._in_flight = _InFlight(f"f{self._commands}", kind, now)
        return {"type": kind, "task_id": self.task_id, "id": self._in_flight.id, **self._fields(kind)}

    def due_at(self) -> float | None:
        """Return when `next_command` will have something to say if nothing comes in; None: not at all."""
        if self.lost_code is not None:
            return None
        if self._in_flight is not None:
            return max(self._not_before, self._in_flight.sent_at + self._answer_timeout_s)
        return None if self._placed and not self._gap else self._not_before

    def receive(self, frame: Frame, now: float) -> FrameEffect:
        """Take any frame of the connection."""
        if frame.get("type") == "error":
            return self._error(frame, now)
        if frame.get("task_id") != self.task_id:
            return FrameEffect.IGNORE
        if frame["type"] == "subscription_result":
            return self._result(frame, now)
        if self._in_flight is not None or not self._placed:
            return FrameEffect.IGNORE
        return self._event(frame)

    def _fields(self, kind: str) -> dict[str, Any]:
        position: dict[str, Any] = {}
        if self.last is not None:
            position = {"last_seq": self.last} if self.epoch is None else {"last_seq": self.last, "epoch": self.epoch}
        if kind == "resume":
            return position
        return {"log_tail": self._log_tail, "topics": list(self._topics), **position}

    def _event(self, frame: Frame) -> FrameEffect:
        seq = frame.get("seq")
        if frame["type"] == "task_snapshot":
            self.epoch = frame.get("epoch")
            return self._move(frame["seq"])
        if seq is None:  # `logs_dropped`, or `task_deleted` of a row that is gone
            return FrameEffect.APPLY
        if "prev_seq" not in frame:
            return FrameEffect.IGNORE  # a notice
        if self.last is None or seq <= self.last:
            return FrameEffect.IGNORE
        if frame["prev_seq"] <= self.last:
            return self._move(seq)
        self._gap = True
        return FrameEffect.GAP

    def _move(self, seq: int) -> FrameEffect:
        self.last = seq
        return FrameEffect.APPLY

    def _result(self, frame: Frame, now: float) -> FrameEffect:
        command = self._in_flight
        if command is None or frame.get("id") != command.id:
            unasked = frame.get("id") is None and frame["action"] == "unsubscribe" and frame["success"]
            if not unasked:
                return FrameEffect.IGNORE
            return self._lose((frame.get("error") or {}).get("code", "not_found"))  # without: the right has ended
        self._in_flight = None
        if not frame["success"]:
            return self._refused((frame.get("error") or {}).get("code", ""), now)
        self._placed, self._gap, self._refusals = True, False, 0
        self.epoch = frame.get("epoch")
        if not frame.get("recovered"):
            self.last = None  # the snapshot that follows says where we are
        return FrameEffect.SETTLED

    def _error(self, frame: Frame, now: float) -> FrameEffect:
        if self._in_flight is None or frame.get("id") != self._in_flight.id:
            return FrameEffect.IGNORE
        self._in_flight = None
        return self._refused(frame["code"], now, retry_after_s=frame.get("retry_after_ms", 0) / 1_000)

    def _refused(self, code: str, now: float, *, retry_after_s: float = 0.0) -> FrameEffect:
        if code in FINAL_REFUSALS:
            return self._lose(code)
        if code == "not_subscribed":  # a `resume` that came too late: subscribe, from the same position
            self._placed = False
        else:
            pause = min(RETRY_MAX_S, RETRY_BASE_S * 2.0**self._refusals)
            self._not_before = now + max(retry_after_s, pause)
            self._refusals += 1
        return FrameEffect.SETTLED

    def _lose(self, code: str) -> FrameEffect:
        self.lost_code = code
        return FrameEffect.LOST
