"""What a subscription starts from: the state at one seq, or the events that it missed.

Everything is read in one read transaction, so that seq, state, log tail and violations belong together.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from app.core.clock import Clock, to_wire
from app.core.principal import Principal
from app.domain.findings import COUNTED
from app.domain.messages import Language
from app.domain.stages import STAGE_BY_KEY, StageKey
from app.domain.task_row import TaskRow
from app.domain.translation import translate
from app.events.epoch import LogEpoch
from app.events.log_identity import FIRST_EPOCH
from app.events.tables import task_events
from app.events.types import LogLine
from app.findings.queries import violations
from app.findings.violation_mapping import snapshot_violation
from app.scans.queries import queue, tasks
from app.scans.serialisers import serialise_error, serialise_log_line
from app.websocket.messages.codes import SnapshotReason
from app.websocket.messages.frames import TaskSnapshot, TaskState
from app.websocket.messages.topics import Topics

RECENT_VIOLATIONS: Final = 50
# So many times the largest replay may be read to fill it, hidden types included: above that a snapshot is cheaper for
# everybody, and it loses nothing.
MAX_SPAN: Final = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An encoded `task_snapshot` at `seq`. `user_id` is the owner: who shares it checks the right itself."""

    task_id: str
    user_id: str
    seq: int
    status: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Replay:
    """The position can be served: `count` events (after the topics filter) up to `head`, the end of the log."""

    user_id: str
    head: int
    count: int


@dataclass(frozen=True, slots=True)
class NoReplay:
    """The position cannot be served by events alone: a snapshot follows."""

    user_id: str
    reason: SnapshotReason


@dataclass(kw_only=True, eq=False, repr=False)
class StateReader:
    """Read units for `Database.read`."""

    clock: Clock
    max_snapshot_bytes: int
    epoch: LogEpoch

    def state(
        self, connection: Connection, task_id: str, language: Language, principal: Principal | None = None
    ) -> TaskState | None:
        """Return the task as REST shows it; None if it is missing, deleted, or another user's."""
        row = tasks.find(connection, task_id, principal)
        if row is None:
            return None
        fields = self._fields(connection, row, language)
        if principal is not None and principal.is_outside:  # is not told the names of users
            fields["ended_by"] = None
        return TaskState(**fields)

    def snapshot(self, connection: Connection, task_id: str, log_tail: int, language: Language) -> Snapshot | None:
        """Return the snapshot with the newest `log_tail` lines; fewer if it would be too large."""
        row = tasks.find(connection, task_id)
        if row is None:
            return None
        fields = self._fields(connection, row, language)
        lines = [_line(line, language) for line in tasks.log_tail(connection, task_id, log_tail)]
        payload = self._fit(fields, lines)
        return Snapshot(task_id, row.user_id, row.last_seq, row.status, payload)

    def replay(
        self,
        connection: Connection,
        task_id: str,
        after: int,
        topics: Topics,
        *,
        epoch: str | None,
        max_events: int,
        max_bytes: int,
    ) -> Replay | NoReplay | None:
        """Return the events after `after`, or why they cannot be served; None if the task is missing or deleted.

        `epoch` is that of `after`; None: of a log that was never restored.
        """
        row = tasks.find(connection, task_id)
        if row is None:
            return None
        if (epoch or FIRST_EPOCH) != self.epoch.value:
            return NoReplay(row.user_id, SnapshotReason.EPOCH)
        if after > row.last_seq:
            return NoReplay(row.user_id, SnapshotReason.AHEAD_OF_LOG)
        if after < row.min_seq - 1:
            return NoReplay(row.user_id, SnapshotReason.HISTORY_PRUNED)
        if row.last_seq - after > MAX_SPAN * max_events:
            return NoReplay(row.user_id, SnapshotReason.TOO_MUCH)
        count, size = _measure(connection, task_id, after, topics.hidden, max_events + 1)
        if count > max_events or size > max_bytes:
            return NoReplay(row.user_id, SnapshotReason.TOO_MUCH)
        return Replay(row.user_id, row.last_seq, count)

    def _fields(self, connection: Connection, row: TaskRow, language: Language) -> dict[str, Any]:
        return {
            "task_id": row.id,
            "seq": row.last_seq,
            "epoch": self.epoch.value,
            "min_seq": row.min_seq,
            "status": row.status,
            "attempt": row.attempt,
            "progress": row.progress,
            "stage": _stage_name(row.stage_key, language),
            "stage_key": row.stage_key,
            "stages": [{**stage, "name": _stage_name(stage["key"], language)} for stage in row.stages],
            "statistics": {**row.statistics},
            "violations": _violations(connection, row, language),
            "findings": {name: row.finding_counts.get(name, 0) for name in COUNTED},
            "log_counts": row.log_counts,
            "warnings": [translate(said, language) for said in row.warnings],
            "worker": {
                "id": row.worker_id,
                "state": row.worker_state or "none",
                "last_heartbeat_at": _moment(row.heartbeat_at),
            },
            "queue_position": queue.position(connection, row),
            "target_domain": row.target_domain,
            "created_at": _moment(row.created_at),
            "started_at": _moment(row.started_at),
            "completed_at": _moment(row.completed_at),
            "ended_by": row.cancel_by,
            "error": serialise_error(row, language),
            "verdict": row.verdict,
        }

    def _fit(self, fields: Mapping[str, Any], lines: list[LogLine]) -> bytes:
        recent = list(fields["violations"]["recent"])
        while True:
            violations = {**fields["violations"], "recent": recent}
            values = {**fields, "violations": violations, "logs": lines, "timestamp": to_wire(self.clock.now())}
            payload = TaskSnapshot(**values).to_bytes()
            if len(payload) <= self.max_snapshot_bytes or not (lines or recent):
                return payload
            # The log's tail gives way, its oldest half first, then the older violations: REST lists them all.
            if lines:
                lines = lines[len(lines) // 2 + 1 :]
            else:
                recent = recent[: len(recent) // 2]


def _measure(
    connection: Connection, task_id: str, after: int, hidden: Collection[str], at_most: int
) -> tuple[int, int]:
    """(events, characters of their bodies) above `after` without the hidden types; stops at `at_most` events."""
    e = task_events.c
    selected = (e.task_id == task_id) & (e.seq > after) & e.type.not_in(sorted(hidden))
    sizes = select(func.length(e.body).label("size")).where(selected).order_by(e.seq).limit(at_most).subquery()
    count, size = connection.execute(select(func.count(), func.coalesce(func.sum(sizes.c.size), 0))).one()
    return count, size


def _violations(connection: Connection, row: TaskRow, language: Language) -> dict[str, Any]:
    recent = violations.newest(connection, row.id, row.run, RECENT_VIOLATIONS)
    counts = {name: row.violation_counts.get(name, 0) for name in COUNTED}
    return {**counts, "recent": [snapshot_violation(found, language) for found in recent]}


def _stage_name(key: str | None, language: Language) -> str | None:
    return None if key is None else STAGE_BY_KEY[StageKey(key)].name(language)


def _line(row: Row[Any], language: Language) -> LogLine:
    return LogLine(**serialise_log_line(row, language))


def _moment(value: Any) -> str | None:
    return None if value is None else to_wire(value)
