"""One frame of a followed task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """`data` is the whole frame as it came. `task_snapshot` replaces all state; every other one changes it."""

    type: str
    task_id: str
    seq: int | None  # None: `logs_dropped`, and `task_deleted` of a task whose row is gone
    attempt: int | None  # None: `logs_dropped`
    timestamp: str  # RFC 3339, UTC; of the event itself, in a replay too
    data: Mapping[str, Any]
    epoch: str | None = None  # in which `seq` counts: keep both to go on with `follow`

    @classmethod
    def of(cls, frame: Mapping[str, Any], epoch: str | None = None) -> "Event":
        """Make it from a server frame with a `task_id`."""
        return cls(
            frame["type"],
            frame["task_id"],
            frame.get("seq"),
            frame.get("attempt"),
            frame.get("timestamp", ""),
            frame,
            epoch,
        )
