"""The live stream of one task in this process: a cursor over its log, and those who watch it. No I/O.

Hints only raise `wanted`; bodies that came with a hint are used when they are the next rows, everything else is pulled
from the log by `delivery`. `deliver` takes nothing but row `cursor + 1`, so doubled, late and reordered hints change
nothing.
"""

from collections.abc import Iterable
from weakref import WeakSet

from app.events.types import NOTICE_TYPES, Event
from app.websocket.connection import Follower
from app.websocket.protocol import EncodedEvent
from app.websocket.registry import Registry


class TaskFeed:
    """Cursor and followers of one task."""

    def __init__(self, task_id: str, user_id: str, cursor: int, *, registry: Registry) -> None:
        self.task_id = task_id
        self.user_id = user_id
        self.cursor = cursor
        self.wanted = cursor  # the highest seq that a hint or the sweep spoke of
        self.pulling = False  # one read of the log in flight
        self.status = ""
        self.deleted = False  # `task_deleted` was delivered
        self.finished_at: float | None = None  # monotonic; since when the task is seen as finished
        self._registry = registry
        self.followers: WeakSet[Follower] = WeakSet()

    @property
    def behind(self) -> bool:
        return self.cursor < self.wanted

    def offer(self, seq: int, events: Iterable[Event]) -> None:
        """A hint: the task reached `seq`; `events` are bodies that came along."""
        self.wanted = max(self.wanted, seq)
        for event in events:
            self.deliver(event)

    def deliver(self, event: Event) -> bool:
        """Hand the row after the cursor to the live followers and the owner's other connections."""
        if event.seq != self.cursor + 1:
            return False
        self.cursor = event.seq
        encoded = EncodedEvent(event)
        for follower in list(self.followers):
            if follower.live:
                follower.deliver(encoded)
        self.deleted = event.type == "task_deleted"
        if event.type in NOTICE_TYPES:
            self.notify_owner(encoded)
        return True

    def notify_owner(self, event: EncodedEvent) -> None:
        """The notice to connections of the owner that do not follow the task."""
        for connection in self._registry.of_user(self.user_id):
            if (
                connection.ready
                and self.task_id not in connection.followers
                and event.event.seq > connection.notice_floor.get(self.task_id, 0)
            ):
                connection.send_notice(event)

    def skip_to(self, cursor: int) -> list[Follower]:
        """The log no longer holds the rows up to `cursor`: move on; returns the live followers that need a snapshot."""
        self.cursor = cursor
        lost = [follower for follower in self.followers if follower.live and follower.cursor < cursor]
        for follower in lost:
            follower.live = False
        return lost
