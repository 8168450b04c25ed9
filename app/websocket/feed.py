"""The live stream of one task in this process: a cursor over its log, and those who watch it. No I/O.

Hints only raise `wanted`; bodies that came with a hint are used when they are the next rows, everything else is pulled
from the log by `delivery`. `deliver` takes nothing but row `cursor + 1`, so doubled, late and reordered hints change
nothing. Live followers are either in a level set, and cost nothing of their own, or aside with a cursor of their own.
"""

from collections.abc import Iterable
from weakref import WeakSet

from app.events.types import NOTICE_TYPES, Event
from app.websocket.connection import Follower
from app.websocket.fanout import Fanout, LevelSet
from app.websocket.protocol import EncodedEvent
from app.websocket.registry import Registry
from app.websocket.topics import Topics


class TaskFeed:
    """Cursor and followers of one task."""

    def __init__(self, task_id: str, user_id: str, cursor: int, *, registry: Registry, fanout: Fanout) -> None:
        self.task_id = task_id
        self.user_id = user_id
        self.cursor = cursor
        self.wanted = cursor  # the highest seq that a hint or the sweep spoke of
        self.pulling = False  # one read of the log in flight
        self.status = ""
        self.deleted = False  # `task_deleted` was delivered
        self.finished_at: float | None = None  # monotonic; since when the task is seen as finished
        self.followers: WeakSet[Follower] = WeakSet()
        self._registry = registry
        self._fanout = fanout
        self._levels: dict[Topics, LevelSet] = {}
        self._aside: set[Follower] = set()  # live, but with a position or a backlog of their own

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
        # Before the event: afterwards it is on its way to the level sets, and nobody may join them until it has left.
        self._level_those_aside()
        self.cursor = event.seq
        encoded = EncodedEvent(event)
        for level in self._levels.values():
            level.publish(encoded)
        for follower in tuple(self._aside):
            follower.deliver(encoded)
        self.deleted = event.type == "task_deleted"
        if event.type in NOTICE_TYPES:
            self.notify_owner(encoded)
        return True

    def notify_owner(self, event: EncodedEvent) -> None:
        """The notice to connections of the owner that do not follow the task."""
        for connection in self._registry.of_user(self.user_id):
            if (
                self.task_id not in connection.followers
                and connection.ready
                and event.event.seq > connection.notice_floor.get(self.task_id, 0)
            ):
                connection.send_notice(event)

    def go_live(self, follower: Follower) -> None:
        """The follower stands at the cursor or ahead of it."""
        follower.live = True
        self._aside.add(follower)
        self.try_level(follower)

    def try_level(self, follower: Follower) -> None:
        """Join the level set of its topics if it stands where the others stand and its connection is idle."""
        if not follower.live or follower.level is not None or not follower.connection.drained:
            return
        level = self._levels.get(follower.topics)
        if level is None:
            level = self._levels[follower.topics] = LevelSet(
                follower.topics, self.cursor, fanout=self._fanout, on_flushed=self._level_those_aside
            )
        if level.may_join(follower.cursor, follower.last_sent):
            level.join(follower, follower.last_sent)
            follower.level = level
            self._aside.discard(follower)

    def _level_those_aside(self) -> None:
        for follower in tuple(self._aside):
            self.try_level(follower)

    def put_aside(self, follower: Follower) -> None:
        """The follower left its level set and stays live."""
        if follower.live:
            self._aside.add(follower)

    def remove(self, follower: Follower) -> None:
        """The follower is gone, or follows no longer."""
        follower.stop_live()
        self._aside.discard(follower)
        self.followers.discard(follower)

    def skip_to(self, cursor: int) -> list[Follower]:
        """The log no longer holds the rows up to `cursor`: move on; returns the live followers that need a snapshot."""
        self.cursor = cursor
        lost = [follower for follower in self.followers if follower.live and follower.cursor < cursor]
        for follower in lost:
            self.hold(follower)
        self._levels.clear()  # whoever was in them is lost; those ahead are aside
        return lost

    def go_back(self, cursor: int) -> list[Follower]:
        """The log is shorter than it was; returns everybody: all need a snapshot."""
        everybody = list(self.followers)
        for follower in everybody:
            self.hold(follower)
        self.cursor = self.wanted = cursor
        self._levels.clear()
        return everybody

    def hold(self, follower: Follower) -> None:
        """Not live until it has caught up."""
        follower.stop_live()
        self._aside.discard(follower)
