"""An event before and after it has its place in a task's log."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from app.core.ids import new_id
from app.domain.log_entry import LogEntry
from app.events.event_body import EventBody


@dataclass(frozen=True, slots=True)
class PendingLogs:
    """A group of lines that becomes one `task_logs` event: they get their numbers in the transaction that writes it."""

    lines: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that has no place in the log yet. `event_id` is the producer's: a retry adds nothing."""

    body: EventBody | PendingLogs
    event_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Event:
    """A committed event. `body` is the JSON object of the type's own fields, as text."""

    task_id: str
    seq: int
    attempt: int
    type: str
    body: str
    created_at: datetime

    def payload(self) -> dict[str, Any]:
        """Return the body parsed."""
        value: dict[str, Any] = orjson.loads(self.body)
        return value
