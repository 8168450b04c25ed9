"""A task that is followed on one connection: its position in the task's log. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.messages import Language
from app.transport.port import SocketTransport
from app.websocket.connections.fanout import InSyncGroup
from app.websocket.messages.encoded_event import EncodedEvent
from app.websocket.messages.topics import ALL_TOPICS, Topics

if TYPE_CHECKING:  # a connection makes no subscriptions, but holds them
    from app.websocket.connections.connection import ConnectionInfo


@dataclass(slots=True, eq=False, repr=False, weakref_slot=True)
class Subscription:
    """A task followed on one connection.

    `cursor` is the seq up to which the log has been considered for it: sent, filtered or coalesced away. `last_sent`
    is what the next frame's `prev_seq` says: the last seq that was put on the socket, or the position of the snapshot
    or resume. While it is in an in-sync group it has both from there.
    """

    task_id: str
    connection: "ConnectionInfo"
    topics: Topics = ALL_TOPICS
    log_tail: int = 200
    noticed: int = 0  # up to this seq the owner's connection had notices before it followed
    transport: SocketTransport = field(init=False)  # the connection's
    group: InSyncGroup | None = None  # set while its connection is idle and it is in sync
    joined_at_bytes: int = 0  # the group's `direct_bytes` when it joined, and what it did not take since
    live: bool = False  # gets events as they are delivered; else its state comes from the log
    catching_up: bool = False  # one catch-up in flight
    needs_snapshot: bool = False  # the log no longer holds what comes after the cursor
    generation: int = 0  # raised when the position is set anew or given up: a read under way for it is void
    _cursor: int = 0
    _last_sent: int = 0

    def __post_init__(self) -> None:
        self.transport = self.connection.transport

    @property
    def language(self) -> Language:
        return self.connection.language

    @property
    def cursor(self) -> int:
        return self._cursor if self.group is None else self.group.cursor

    @property
    def last_sent(self) -> int:
        return self._last_sent if self.group is None else self.group.last_sent

    def start_at(self, cursor: int) -> None:
        """Set the position to `cursor` for a snapshot, replay or resume; later events are read from the log."""
        self.leave_group()
        self._cursor = self._last_sent = cursor
        self.live = False
        self.generation += 1

    def stop_live(self) -> None:
        """Leave the live state: events come from the log again, and reads in progress are void."""
        self.leave_group()
        self.live = False
        self.generation += 1

    def leave_group(self) -> None:
        """Take the position along. Idempotent."""
        if self.group is not None:
            self.group.leave(self)

    def take_back(self, cursor: int, last_sent: int, missed: Sequence[EncodedEvent], direct_bytes: int) -> None:
        """Leave the in-sync group at this position; `missed` was published to it and not written yet.

        `direct_bytes` were written past the transport while it was a member.
        """
        self.group = None
        self.connection.direct_bytes += direct_bytes
        self._cursor, self._last_sent = cursor, last_sent
        for event in missed:
            self.connection.send_followed(self, event)

    def deliver(self, event: EncodedEvent) -> bool:
        """Take the row after the cursor and send it; False when it is not that one."""
        if not self.advance(event):
            return False
        if self.topics.wants(event.event.type):
            self.connection.send_followed(self, event)
        return True

    def advance(self, event: EncodedEvent) -> bool:
        """Advance the cursor by the next row; return False if the row is known, or there is a gap."""
        if event.event.seq != self._cursor + 1:
            return False
        self._cursor = event.event.seq
        return True

    def frame(self, event: EncodedEvent) -> bytes:
        """Return the frame for sending now, with the current `prev_seq`."""
        frame = event.followed(self._last_sent)
        self._last_sent = event.event.seq
        return frame
