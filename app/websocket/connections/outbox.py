"""What waits for a connection whose transport holds unsent bytes (protocol.md, section 7). No I/O.

Bounded in bytes and frames. Frames leave in the order they stand; within one task that is ascending `seq`. Three rules
keep it short, all of which lose nothing that the protocol promises:

1. A newer `task_progress` removes the waiting one of the same task and goes to the tail.
2. Above half of a limit the oldest waiting log frames give way to one `logs_dropped` per task, which stands where the
   oldest dropped frame stood.
3. Above a limit `Overflow` is raised: the connection is closed with 4008 and resumes.

`prev_seq` is not known here: it is written when a frame leaves.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from app.events.event_body import Backlog
from app.events.types import EVENT_BODIES
from app.websocket.messages.encoded_event import EncodedEvent

MARKER_BYTES: Final = 220  # a logs_dropped frame, rounded up
REPLACED_TYPES: Final = frozenset(body.type for body in EVENT_BODIES if body.backlog is Backlog.IS_REPLACED)
YIELDING_TYPES: Final = frozenset(body.type for body in EVENT_BODIES if body.backlog is Backlog.GIVES_WAY)


class Overflow(Exception):
    """More waits than the connection may hold."""


@dataclass(slots=True)
class Waiting:
    """One waiting frame: an event (for a subscription, or a notice), a drop marker, or ready bytes."""

    event: EncodedEvent | None = None
    subscription: Any = None  # whose frame it is; None: a notice. Handed back as it came.
    payload: bytes | None = None
    dropped: "Dropped | None" = None

    @property
    def size(self) -> int:
        if self.event is not None:
            return self.event.size
        return MARKER_BYTES if self.payload is None else len(self.payload)


@dataclass(slots=True)
class Dropped:
    """Log lines of one task that gave way. The range has no gap: the oldest frames always go first."""

    task_id: str
    from_log_seq: int
    to_log_seq: int
    count: int


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Outbox:
    """Waiting frames of one connection, oldest first."""

    max_bytes: int
    max_frames: int
    # Counted since the last look; the owner moves them to the metrics.
    coalesced: int = 0
    dropped_frames: int = 0
    _frames: dict[int, Waiting] = field(default_factory=dict)  # by ticket; keeps order and removes anywhere in O(1)
    _next_ticket: int = 0
    _bytes: int = 0
    # Ticket of the waiting followed one, by task and type.
    _replaceable: dict[tuple[str, str], int] = field(default_factory=dict)
    _logs: dict[int, str] = field(default_factory=dict)  # tickets of waiting followed log frames, oldest first
    _markers: dict[str, int] = field(default_factory=dict)  # ticket of the waiting drop marker, by task

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def size(self) -> int:
        """Waiting bytes."""
        return self._bytes

    def add_event(self, event: EncodedEvent, subscription: Any = None) -> None:
        """Append an event under the rules above; without a subscription it is a notice. Raises Overflow."""
        task_id, kind = event.event.task_id, event.event.type
        if kind in REPLACED_TYPES:
            self._drop_replaced(task_id, kind)
        ticket = self._append(Waiting(event=event, subscription=subscription))
        if kind in REPLACED_TYPES:  # these are never notices: `tests/unit/events/test_types.py`
            self._replaceable[task_id, kind] = ticket
        elif kind in YIELDING_TYPES:
            self._logs[ticket] = task_id
        self._make_room()

    def add_payload(self, payload: bytes) -> None:
        """Append a frame that is not an event (replies, broadcasts). Raises Overflow."""
        self._append(Waiting(payload=payload))
        self._make_room()

    def pop(self) -> Waiting:
        """Take the oldest. Raises StopIteration when there is none: look at `len` first."""
        ticket = next(iter(self._frames))
        return self._remove(ticket)

    def discard_task(self, task_id: str) -> None:
        """Forget the followed frames and the marker of a task (before a resume, unsubscribe or new subscribe)."""
        for ticket, waiting in list(self._frames.items()):
            if _belongs_to(waiting, task_id):
                self._remove(ticket)

    def _append(self, waiting: Waiting) -> int:
        ticket = self._next_ticket
        self._next_ticket += 1
        self._frames[ticket] = waiting
        self._bytes += waiting.size
        return ticket

    def _remove(self, ticket: int) -> Waiting:
        waiting = self._frames.pop(ticket)
        self._bytes -= waiting.size
        self._logs.pop(ticket, None)
        if waiting.dropped is not None:
            del self._markers[waiting.dropped.task_id]
        elif waiting.event is not None:
            slot = waiting.event.event.task_id, waiting.event.event.type
            if self._replaceable.get(slot) == ticket:
                del self._replaceable[slot]
        return waiting

    def _drop_replaced(self, task_id: str, kind: str) -> None:
        ticket = self._replaceable.get((task_id, kind))
        if ticket is not None:
            self._remove(ticket)
            self.coalesced += 1

    def _make_room(self) -> None:
        while self._logs and (self._bytes > self.max_bytes // 2 or len(self._frames) > self.max_frames // 2):
            self._drop_oldest_log()
        if self._bytes > self.max_bytes or len(self._frames) > self.max_frames:
            raise Overflow

    def _drop_oldest_log(self) -> None:
        ticket, task_id = next(iter(self._logs.items()))
        event = self._frames[ticket].event
        assert event is not None
        first, last, count = event.log_range()
        del self._logs[ticket]
        self.dropped_frames += 1
        marker = self._markers.get(task_id)
        if marker is None:
            self._bytes += MARKER_BYTES - event.size
            self._frames[ticket] = Waiting(dropped=Dropped(task_id, first, last, count))
            self._markers[task_id] = ticket
        else:
            self._remove(ticket)
            dropped = self._frames[marker].dropped
            assert dropped is not None
            dropped.to_log_seq = last
            dropped.count += count


def _belongs_to(waiting: Waiting, task_id: str) -> bool:
    if waiting.dropped is not None:
        return waiting.dropped.task_id == task_id
    return waiting.event is not None and waiting.subscription is not None and waiting.event.event.task_id == task_id
