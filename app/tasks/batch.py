"""What a scan reported and the log does not have yet: in order, grouped, bounded. No I/O; time comes in as numbers.

- Lines are grouped: a group is closed 200 ms after its first line, at 50 lines or at 16 KiB (protocol.md 7.1), and
  by anything else that is reported, so that the order stands.
- Progress is one slot: a newer one takes the place of the one that waits, at most one a second leaves it.
- All else leaves at the next `take`.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.events.types import EventBody, NewEvent, PendingLine, PendingLogs, TaskProgress
from app.services.recorder import Finding

GROUP_S: Final = 0.2
GROUP_LINES: Final = 50
GROUP_BYTES: Final = 16_384
PROGRESS_S: Final = 1.0
# Events of one transaction: some 3 ms of the write lock, far below the 50 ms that delivery.md allows.
TAKE_EVENTS: Final = 100
# Beyond either the reporting side waits until the database has taken something.
MAX_WAITING: Final = 1_000
MAX_WAITING_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One event on its way, with the row and the caller that belong to it."""

    event: NewEvent
    finding: Finding | None = None
    done: Callable[[], None] | None = None  # called after COMMIT
    size: int = 0


class Batch:
    """Not safe for threads: the event loop's alone."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._bytes = 0  # of entries and of the open group
        self._lines: list[PendingLine] = []
        self._lines_bytes = 0
        self._lines_until = 0.0  # when the open group closes; valid while there are lines
        self._progress: TaskProgress | None = None
        self._progress_from = 0.0  # when the next progress may leave

    @property
    def full(self) -> bool:
        """Whether the reporting side has to wait."""
        return len(self._entries) >= MAX_WAITING or self._bytes >= MAX_WAITING_BYTES

    def add_line(self, line: PendingLine, now: float) -> None:
        size = len(line.message.encode()) + len(line.module)
        if self._lines and (len(self._lines) >= GROUP_LINES or self._lines_bytes + size > GROUP_BYTES):
            self._close_group()
        if not self._lines:
            self._lines_until = now + GROUP_S
        self._lines.append(line)
        self._lines_bytes += size
        self._bytes += size

    def add(self, body: EventBody, *, finding: Finding | None = None, done: Callable[[], None] | None = None) -> None:
        self._close_group()
        size = len(body.to_json())
        self._entries.append(Entry(NewEvent(body), finding, done, size))
        self._bytes += size

    def set_progress(self, body: TaskProgress) -> None:
        """Takes the slot; what waited there is superseded."""
        self._progress = body

    def add_progress(self, body: TaskProgress, now: float) -> None:
        """A progress that must not wait: a stage changed, or 100 is reached."""
        self._progress = None
        self._progress_from = now + PROGRESS_S
        self.add(body)

    def due_in(self, now: float) -> float | None:
        """Seconds until `take` gives something, 0.0 when it does now; None: nothing waits."""
        if self._entries:
            return 0.0
        moments = [self._lines_until] if self._lines else []
        moments += [] if self._progress is None else [self._progress_from]
        return max(0.0, min(moments) - now) if moments else None

    def take(self, now: float, *, everything: bool = False) -> list[Entry]:
        """The next entries that are due, at most `TAKE_EVENTS`. `everything`: grouping and thinning end here."""
        if self._lines and (everything or self._entries or now >= self._lines_until):
            self._close_group()
        if self._progress is not None and (everything or now >= self._progress_from):
            self.add_progress(self._progress, now)
        taken = [self._entries.popleft() for _ in range(min(TAKE_EVENTS, len(self._entries)))]
        self._bytes -= sum(entry.size for entry in taken)
        return taken

    def _close_group(self) -> None:
        if not self._lines:
            return
        group = PendingLogs(tuple(self._lines))
        self._entries.append(Entry(NewEvent(group), size=self._lines_bytes))
        self._lines, self._lines_bytes = [], 0
