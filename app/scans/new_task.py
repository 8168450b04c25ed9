"""Initial values of a task's row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.tasks import TaskStatus
from app.scans.queries import queue


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task that is to be made. `config`: options of its own; None: those of all that are made with it."""

    id: str
    target_domain: str
    config: Mapping[str, Any] | None = None


def new_rows(
    connection: Connection,
    new: Sequence[NewTask],
    *,
    user_id: str,
    config: Mapping[str, Any],
    now: datetime,
    trace: str | None,
) -> list[dict[str, Any]]:
    """Return rows of `scan_tasks` for `events.log.begin_all`. Each has the turn after the one before, as if they had
    been asked for one after the other.
    """
    turn, rank = queue.next_turn(connection, user_id), queue.rank_of_new(connection, user_id)
    return [
        {
            "id": one.id,
            "user_id": user_id,
            "target_domain": one.target_domain,
            "config": dict(config if one.config is None else one.config),
            "status": TaskStatus.PENDING,
            "attempt": 1,
            "run": 1,
            "heartbeat": 0,
            "requeues": 0,
            "running_s": 0.0,
            "created_at": now,
            "queued_at": now,
            "turn": turn + number,
            "rank": rank,
            "trace": trace,
        }
        for number, one in enumerate(new)
    ]
