"""The live events of one task in this process: a cursor over its log, and its subscriptions. No I/O.

Hints only raise `target_seq`; bodies that came with a hint are used when they are the next rows, all others are read
from the log by the dispatcher. `deliver` takes nothing but row `cursor + 1`, so doubled, late and reordered hints
change nothing. Live subscriptions share the position of an in-sync group, or have a cursor of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakSet

from app.domain.messages import Language
from app.events.event import Event
from app.events.types import NOTICE_TYPES
from app.websocket.connections.fanout import Fanout, InSyncGroup
from app.websocket.connections.registry import Registry
from app.websocket.connections.subscription import Subscription
from app.websocket.messages.encoded_event import EncodedEvent
from app.websocket.messages.topics import Topics
from app.websocket.state.log_position import LogPosition


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class TaskChannel(LogPosition):
    """Cursor and subscriptions of one task."""

    task_id: str
    user_id: str
    registry: Registry
    fanout: Fanout
    pulling: bool = False  # one read of the log in flight
    status: str = ""
    deleted: bool = False  # `task_deleted` was delivered
    finished_at: float | None = None  # monotonic; since when the task is seen as finished
    subscriptions: WeakSet[Subscription] = field(default_factory=WeakSet)
    _groups: dict[tuple[Topics, Language], InSyncGroup] = field(default_factory=dict)
    _out_of_sync: set[Subscription] = field(default_factory=set)  # live, with a position or a backlog of their own

    def offer(self, seq: int, events: Iterable[Event]) -> None:
        """Take a hint that the task reached `seq`; `events` are bodies sent with it."""
        self.raise_target(seq)
        for event in events:
            self.deliver(event)

    def deliver(self, event: Event) -> bool:
        """Hand the row after the cursor to live subscriptions and to the owner's other connections."""
        if event.seq != self.cursor + 1:
            return False
        # Before the event: nobody may join a group while the event is on its way to it.
        self._regroup()
        self.cursor = event.seq
        encoded = EncodedEvent(event)
        for (_, language), group in self._groups.items():
            group.publish(encoded.told_in(language))
        for subscription in tuple(self._out_of_sync):
            subscription.deliver(encoded.told_in(subscription.language))
        self.deleted = event.type == "task_deleted"
        if event.type in NOTICE_TYPES:
            self.notify_owner(encoded)
        return True

    def notify_owner(self, event: EncodedEvent) -> None:
        """Send the notice to connections of the owner without a subscription to the task."""
        for connection in self.registry.of_user(self.user_id):
            if (
                self.task_id not in connection.followed
                and connection.ready
                and connection.is_told_of_all
                and event.event.seq > connection.notice_floor.get(self.task_id, 0)
            ):
                connection.send_notice(event.told_in(connection.language))

    def go_live(self, subscription: Subscription) -> None:
        """Make a subscription live that is at the cursor or ahead of it."""
        subscription.live = True
        self._out_of_sync.add(subscription)
        self.try_join_group(subscription)

    def try_join_group(self, subscription: Subscription) -> None:
        """Join the in-sync group of its topics and language if it stands where these stand and is idle."""
        if not subscription.live or subscription.group is not None or not subscription.connection.drained:
            return
        kind = subscription.topics, subscription.language
        group = self._groups.get(kind)
        if group is None:
            group = self._groups[kind] = InSyncGroup(
                subscription.topics, self.cursor, fanout=self.fanout, on_flushed=self._regroup
            )
        if group.may_join(subscription.cursor, subscription.last_sent):
            group.join(subscription, subscription.last_sent)
            subscription.group = group
            self._out_of_sync.discard(subscription)

    def _regroup(self) -> None:
        for subscription in tuple(self._out_of_sync):
            self.try_join_group(subscription)

    def mark_out_of_sync(self, subscription: Subscription) -> None:
        """Record that a subscription left its in-sync group and stays live."""
        if subscription.live:
            self._out_of_sync.add(subscription)

    def remove(self, subscription: Subscription) -> None:
        """Remove a subscription."""
        subscription.stop_live()
        self._out_of_sync.discard(subscription)
        self.subscriptions.discard(subscription)

    def skip_to(self, cursor: int) -> list[Subscription]:
        """Move on: the log no longer holds the rows up to `cursor`. Returns the live ones that need a snapshot."""
        self.cursor = cursor
        lost = [
            subscription for subscription in self.subscriptions if subscription.live and subscription.cursor < cursor
        ]
        for subscription in lost:
            self.hold(subscription)
        self._groups.clear()  # their members are lost; those ahead have a cursor of their own
        return lost

    def go_back(self, cursor: int) -> list[Subscription]:
        """Go back to the end of a shortened log; return all subscriptions, which need a snapshot."""
        everybody = list(self.subscriptions)
        for subscription in everybody:
            self.hold(subscription)
            subscription.noticed = min(subscription.noticed, cursor)
        self.cursor = self.target_seq = cursor
        self._groups.clear()
        return everybody

    def dismiss(self, subscription: Subscription) -> None:
        """Remove all subscriptions, because the task is gone."""
        self.remove(subscription)
        subscription.connection.followed.pop(self.task_id, None)

    def hold(self, subscription: Subscription) -> None:
        """Hold a subscription until it has caught up."""
        subscription.stop_live()
        self._out_of_sync.discard(subscription)
