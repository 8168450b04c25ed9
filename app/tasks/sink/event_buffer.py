"""Holds what a scan reported and the log does not have yet: in order, grouped, bounded. Pure; time comes in as numbers.

- Lines are grouped: a group is closed 200 ms after its first line (1 s while nobody follows the task), at 50 lines or
  at 16 KiB (protocol.md 7.1), and by any other event, so that the order stands.
- Lines beyond the task's limit are left out, and one line says how many.
- Progress is one slot: a newer one takes the place of the one that waits, at most one a second leaves it.
- All else leaves at the next `take`.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import orjson

from app.domain.log_entry import LogEntry
from app.domain.translation import origin
from app.events.event import NewEvent, PendingLogs
from app.events.event_body import EventBody
from app.events.types import TaskProgress
from app.findings.run_findings import FindingChange
from app.findings.violation_mapping import NewViolation
from app.tasks.sink.line_limit import LineLimit

GROUP_S: Final = 0.2
UNWATCHED_GROUP_S: Final = 1.0  # fewer rows and hints for a log that nobody reads at the moment
GROUP_LINES: Final = 50
GROUP_BYTES: Final = 16_384
PROGRESS_S: Final = 1.0
# Of one transaction: some 3 ms of the write lock, far below the 50 ms that delivery.md allows. A single event may have
# more: a group of lines has at most 50 and 16 KiB, evidence is bounded by the engine.
TAKE_EVENTS: Final = 100
TAKE_ROWS: Final = 400  # events, lines and violations
TAKE_BYTES: Final = 131_072
# Beyond either the reporting side waits until the database has taken something.
MAX_WAITING: Final = 1_000
MAX_WAITING_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class BufferedEvent:
    """One event on its way, with the row and the caller that belong to it; None: findings change silently."""

    event: NewEvent | None
    violation: NewViolation | None = None
    findings: FindingChange | None = None
    done: Callable[[], None] | None = None  # called after COMMIT
    size: int = 0
    rows: int = 1

    def belongs_to(self, other: "BufferedEvent") -> bool:
        """Whether both tell of the same change of findings, which is written as one: then neither is told alone."""
        return self.findings is not None and self.findings is other.findings


def events_of(entries: Iterable[BufferedEvent]) -> list[NewEvent]:
    """Return the events of entries, in their order."""
    return [entry.event for entry in entries if entry.event is not None]


class EventBuffer:
    """Not safe for threads: the event loop's alone."""

    def __init__(self, *, limit: LineLimit, omission_line: Callable[[int], LogEntry]) -> None:
        """`omission_line(n)`: the line that stands for n lines that were left out; for 0: that no more will be kept."""
        self._limit = limit
        self._omission_line = omission_line
        self._group_s = UNWATCHED_GROUP_S
        self._entries: deque[BufferedEvent] = deque()
        self._bytes = 0  # of entries and of the open group
        self._lines: list[LogEntry] = []
        self._lines_bytes = 0
        self._lines_until = 0.0  # when the open group closes; valid while there are lines
        self._progress: TaskProgress | None = None
        self._progress_from = 0.0  # when the next progress may leave

    @property
    def full(self) -> bool:
        """Whether the reporting side has to wait."""
        return len(self._entries) >= MAX_WAITING or self._bytes >= MAX_WAITING_BYTES

    def set_watched(self, now: float, *, watched: bool) -> None:
        """Group for a task that somebody follows, or that nobody follows any more."""
        self._group_s = GROUP_S if watched else UNWATCHED_GROUP_S
        self._lines_until = min(self._lines_until, now + self._group_s)

    def add_line(self, line: LogEntry, now: float) -> None:
        """Take the line, unless the task's log is at its limit."""
        self._add_omission(now)
        if not self._limit.admit(_size_of(line), now):
            return
        self._add_line(line, now)
        if self._limit.is_full:
            self._add_line(self._omission_line(0), now)

    def _add_omission(self, now: float, *, everything: bool = False) -> None:
        if dropped := self._limit.take_dropped(now, everything=everything):
            self._add_line(self._omission_line(dropped), now)

    def _add_line(self, line: LogEntry, now: float) -> None:
        size = _size_of(line)
        if self._lines and (len(self._lines) >= GROUP_LINES or self._lines_bytes + size > GROUP_BYTES):
            self._close_group()
        if not self._lines:
            self._lines_until = now + self._group_s
        self._lines.append(line)
        self._lines_bytes += size
        self._bytes += size

    def add(
        self,
        body: EventBody,
        *,
        violation: NewViolation | None = None,
        findings: FindingChange | None = None,
        done: Callable[[], None] | None = None,
    ) -> None:
        self._close_group()
        size = len(body.encoded) + (0 if violation is None else len(orjson.dumps(violation.fact.evidence)))
        rows = 1 + (violation is not None) + (0 if findings is None else len(findings.findings))
        self._entries.append(BufferedEvent(NewEvent(body), violation, findings, done, size, rows=rows))
        self._bytes += size

    def add_silent(self, findings: FindingChange, *, done: Callable[[], None]) -> None:
        """Add a change of findings of which no event tells. It closes no group of lines: nobody can tell
        which of them were stored before it.
        """
        self._entries.append(BufferedEvent(None, findings=findings, done=done, rows=len(findings.findings)))

    def set_progress(self, body: TaskProgress) -> None:
        """Take the slot; the progress that waited there is superseded."""
        self._progress = body

    def add_progress(self, body: TaskProgress, now: float) -> None:
        """Add a progress that must not wait: a stage changed, or 100 is reached."""
        self._progress = None
        self._progress_from = now + PROGRESS_S
        self.add(body)

    def due_in(self, now: float, *, everything: bool = False) -> float | None:
        """Return the seconds until `take` gives something, 0.0 when it does now; None: nothing waits."""
        if self._entries:
            return 0.0
        if everything:
            return 0.0 if self._lines or self._progress is not None or self._limit.dropped else None
        moments = [self._lines_until] if self._lines else []
        moments += [] if self._progress is None else [self._progress_from]
        said_at = self._limit.due_at()
        moments += [] if said_at is None else [said_at]
        return max(0.0, min(moments) - now) if moments else None

    def take(self, now: float, *, everything: bool = False) -> list[BufferedEvent]:
        """Return the next events that are due, as many as one transaction may have; `everything`: without grouping."""
        self._add_omission(now, everything=everything)
        has_events = any(entry.event is not None for entry in self._entries)
        if self._lines and (everything or has_events or now >= self._lines_until):
            self._close_group()
        if self._progress is not None and (everything or now >= self._progress_from):
            self.add_progress(self._progress, now)
        taken: list[BufferedEvent] = []
        size = rows = 0
        while self._entries:
            size, rows = size + self._entries[0].size, rows + self._entries[0].rows
            is_over = len(taken) >= TAKE_EVENTS or size > TAKE_BYTES or rows > TAKE_ROWS
            if taken and is_over and not self._entries[0].belongs_to(taken[-1]):
                break
            taken.append(self._entries.popleft())
        self._bytes -= sum(entry.size for entry in taken)
        return taken

    def take_rest(self, now: float) -> list[NewEvent]:
        """Return all that waits, without what tells of findings."""
        rest: list[BufferedEvent] = []
        while more := self.take(now, everything=True):
            rest.extend(entry for entry in more if entry.violation is None and entry.findings is None)
        return events_of(rest)

    def _close_group(self) -> None:
        if not self._lines:
            return
        group = PendingLogs(tuple(self._lines))
        self._entries.append(BufferedEvent(NewEvent(group), size=self._lines_bytes, rows=1 + len(self._lines)))
        self._lines, self._lines_bytes = [], 0


def _size_of(line: LogEntry) -> int:
    return len(line.message.encode()) + len(line.module) + len(orjson.dumps(origin(line.message)))
