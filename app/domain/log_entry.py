"""A line of a task's log as the scan says it, before it has a number."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """`module` is the stage or the part that speaks; `message` is a `domain.messages.Text` wherever our code speaks.

    `created_at` is None until the sink has taken the line.
    """

    level: LogLevel
    module: str
    message: str
    created_at: datetime | None = None
