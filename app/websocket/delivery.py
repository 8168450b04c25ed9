"""How a committed event reaches everyone who should see it: hints, pulls, catch-ups and the sweep.

The log is the truth, the bus is a hint, each follower owns a cursor (ADR 0001). What is here decides only *when* the
log is read; which rows are taken is decided by the cursors, in one synchronous step.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from app.core.aio import BackgroundTasks
from app.core.clock import Clock, to_wire
from app.core.db import Database, DatabaseUnavailable
from app.core.metrics import Metrics
from app.domain.tasks import TERMINAL, UNFINISHED
from app.events.bus.base import TaskHint
from app.events.epoch import LogEpoch, read_commits
from app.events.log import read_after
from app.events.types import NOTICE_TYPES, Event
from app.repositories import tasks
from app.websocket.connection import ConnectionInfo, Follower
from app.websocket.fanout import Fanout
from app.websocket.feed import TaskFeed
from app.websocket.pages import ROWS, LogPages
from app.websocket.protocol import MadeUpDeletion
from app.websocket.registry import Registry
from app.websocket.snapshots import SnapshotCache

# A finished task's cursor is kept this long after nobody follows it, so that a late hint finds it and adds nothing.
KEEP_FINISHED_S: Final = 60.0
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Expected:
    """The highest hint of a task that is not watched yet, kept for those who read its state at the moment."""

    seq: int = 0
    readers: int = 0


class Delivery:
    """All feeds of this process."""

    def __init__(
        self,
        *,
        db: Database,
        registry: Registry,
        snapshots: SnapshotCache,
        clock: Clock,
        metrics: Metrics,
        background: BackgroundTasks,
        fanout: Fanout,
        epoch: LogEpoch,
    ) -> None:
        self._db = db
        self._registry = registry
        self._snapshots = snapshots
        self._clock = clock
        self._metrics = metrics
        self._background = background
        self._fanout = fanout
        self._epoch = epoch
        self._pages = LogPages(db=db, clock=clock, epoch=epoch)
        self.feeds: dict[str, TaskFeed] = {}
        self._expected: dict[str, Expected] = {}  # tasks that somebody is about to follow
        self.swept_at: float | None = None  # monotonic; end of the last good sweep

    def on_hint(self, hint: TaskHint) -> None:
        """A hint from the bus. Unknown tasks matter only when their owner is connected."""
        feed = self.feeds.get(hint.task_id)
        if feed is None:
            expected = self._expected.get(hint.task_id)
            if expected is not None:
                expected.seq = max(expected.seq, hint.seq)
            if not self._registry.has_user(hint.user_id):
                return
            feed = self.feed(hint.task_id, hint.user_id, _start_of(hint))
        self._note_status(feed, hint.status)
        feed.offer(hint.seq, hint.events)
        if hint.events:
            now = self._clock.now()
            for event in hint.events:
                self._metrics.delivery_latency.observe(max(0.0, (now - event.created_at).total_seconds()))
        self._pull_if_behind(feed)

    def feed(self, task_id: str, user_id: str, cursor: int) -> TaskFeed:
        """The task's feed; made at `cursor` when there is none."""
        feed = self.feeds.get(task_id)
        if feed is None:
            feed = self.feeds[task_id] = TaskFeed(
                task_id, user_id, cursor, registry=self._registry, fanout=self._fanout
            )
        return feed

    def head_of(self, task_id: str) -> int:
        """The highest seq that is known here; 0 for a task that is not watched."""
        feed = self.feeds.get(task_id)
        return 0 if feed is None else feed.cursor

    def open_presence(self, connection: ConnectionInfo, heads: list[tasks.TaskHead]) -> None:
        """The owner is connected: watch its unfinished tasks from where their logs stand now."""
        for head in heads:
            feed = self.feed(head.task_id, head.user_id, head.last_seq)
            self._note_status(feed, head.status)
            connection.notice_floor[head.task_id] = max(head.last_seq, feed.cursor)
            feed.wanted = max(feed.wanted, head.last_seq)
            self._pull_if_behind(feed)

    @contextmanager
    def expecting(self, task_id: str) -> Iterator[None]:
        """While somebody reads the state of a task that nobody watches here: hints that come meanwhile are kept."""
        expected = self._expected.setdefault(task_id, Expected())
        expected.readers += 1
        try:
            yield
        finally:
            expected.readers -= 1
            if not expected.readers:
                del self._expected[task_id]

    def follow(self, follower: Follower, user_id: str, head: int) -> None:
        """The follower stands at its cursor; from here on it gets what comes after. `head`: the log's end as read."""
        feed = self.feed(follower.task_id, user_id, head)
        expected = self._expected.get(follower.task_id)
        if expected is not None:
            feed.wanted = max(feed.wanted, expected.seq)
        feed.followers.add(follower)
        self.level(follower)
        self._pull_if_behind(feed)

    def level(self, follower: Follower) -> None:
        """Join the live stream if nothing lies between, else catch up in the background."""
        feed = self.feeds[follower.task_id]
        if follower.cursor >= feed.cursor and not follower.catching_up and not follower.needs_snapshot:
            feed.go_live(follower)
        elif not follower.catching_up:
            follower.catching_up = True
            self._background.start(self._catch_up(follower, feed), name=f"catch-up {follower.task_id}")

    async def unfollow(self, follower: Follower) -> None:
        """Stop following; events after the position come as notices again to the owner's connection."""
        connection, task_id = follower.connection, follower.task_id
        connection.followers.pop(task_id, None)
        feed = self.feeds[task_id]
        feed.remove(follower)
        connection.discard(task_id)
        # What waited was taken by the cursor, but has not left: the position is what was sent.
        position, head = follower.last_sent, max(follower.cursor, feed.cursor)
        connection.notice_floor[task_id] = head
        if position < head and connection.user_id == feed.user_id:
            await self._send_notices(connection, task_id, position, head)
        self.release(task_id)

    def leave(self, connection: ConnectionInfo) -> None:
        """The connection is gone: forget what it followed and watched."""
        for follower in list(connection.followers.values()):
            feed = self.feeds.get(follower.task_id)
            if feed is not None:
                feed.remove(follower)
        followed = list(connection.followers)
        connection.followers.clear()
        connection.discard_all()
        for task_id in followed:
            self.release(task_id)
        if not self._registry.has_user(connection.user_id):
            for feed in [feed for feed in self.feeds.values() if feed.user_id == connection.user_id]:
                self.release(feed.task_id)

    def on_idle(self, follower: Follower) -> None:
        """Its connection has drained."""
        feed = self.feeds.get(follower.task_id)
        if feed is not None:
            feed.try_level(follower)

    def on_set_aside(self, connection: ConnectionInfo) -> None:
        """The connection's transport holds bytes: its followers have a position of their own now."""
        connection.set_aside()
        for follower in connection.followers.values():
            feed = self.feeds.get(follower.task_id)
            if feed is not None:
                feed.put_aside(follower)

    def release(self, task_id: str) -> None:
        """Drop the feed when nobody needs it any more."""
        feed = self.feeds.get(task_id)
        if feed is None or feed.followers:
            return
        if self._registry.has_user(feed.user_id):
            finished = feed.finished_at
            if finished is None or self._clock.monotonic() - finished < KEEP_FINISHED_S:
                return
        del self.feeds[task_id]

    async def sweep(self) -> None:
        """Compare every cursor with the log in one query and repair what is behind. Raises DatabaseUnavailable."""
        before = {task_id: feed.cursor for task_id, feed in self.feeds.items()}
        owners = self._registry.users()
        known = self._epoch.commits
        heads, commits = await self._db.read(
            lambda connection: (tasks.heads(connection, list(before), owners), read_commits(connection))
        )
        if commits < known:
            await self._restart_all(heads)
            return
        self._epoch.seen(commits)
        for head in heads:
            await self._compare(head, before.get(head.task_id))
        found = {head.task_id for head in heads}
        for task_id in before.keys() - found:
            self._make_up_deletion(task_id)
        for feed in list(self.feeds.values()):
            for follower in list(feed.followers):
                if not follower.live:  # a catch-up that failed with the database goes on
                    self.level(follower)
            self.release(feed.task_id)
        self.swept_at = self._clock.monotonic()

    async def _compare(self, head: tasks.TaskHead, cursor_before: int | None) -> None:
        feed = self.feeds.get(head.task_id)
        if feed is None:
            if not self._registry.has_user(head.user_id):
                return
            feed = self.feed(head.task_id, head.user_id, await self._unseen_start(head))
        self._note_status(feed, head.status)
        if cursor_before is not None and head.last_seq < cursor_before:
            self._go_back(feed, head.last_seq)
            return
        feed.wanted = max(feed.wanted, head.last_seq)
        if feed.behind and not feed.pulling:
            self._metrics.sweep_repairs.inc()
            self._pull_if_behind(feed)

    async def _unseen_start(self, head: tasks.TaskHead) -> int:
        """Where to start a task that began while its owner was connected and whose hints were all lost."""
        if head.attempt == 1:
            return 0
        retried = await self._db.read(lambda connection: tasks.last_retry_seq(connection, head.task_id))
        return max(0, retried - 1)

    async def _restart_all(self, heads: list[tasks.TaskHead]) -> None:
        """An older database was put into the place of ours: no position means anything any more."""
        await self._epoch.renew()
        for head in heads:
            if (feed := self.feeds.get(head.task_id)) is not None:
                self._go_back(feed, head.last_seq)

    def _go_back(self, feed: TaskFeed, seq: int) -> None:
        """The log is shorter than it was: a backup was restored. Everybody starts from a snapshot."""
        log.warning("log_went_back", task_id=feed.task_id, cursor=feed.cursor, seq=seq)
        for follower in feed.go_back(seq):
            self._resnapshot(follower, feed)

    def _make_up_deletion(self, task_id: str) -> None:
        feed = self.feeds.pop(task_id, None)
        if feed is None:
            return
        owners = () if feed.deleted else self._registry.of_user(feed.user_id)  # else told by the event itself
        untold = {connection for connection in owners if connection.ready}
        for follower in list(feed.followers):
            if not feed.deleted or follower.cursor < feed.cursor or follower.needs_snapshot:
                untold.add(follower.connection)
            self._dismiss(follower, feed)
        for connection in untold:
            self._tell_deletion(connection, task_id)

    def _dismiss(self, follower: Follower, feed: TaskFeed) -> None:
        """There is nothing to follow any more."""
        feed.remove(follower)
        follower.connection.followers.pop(follower.task_id, None)

    def _tell_deletion(self, connection: ConnectionInfo, task_id: str) -> None:
        frame = MadeUpDeletion(task_id=task_id, by="system", timestamp=to_wire(self._clock.now()))
        connection.discard(task_id)
        connection.send(frame.to_bytes())

    def _note_status(self, feed: TaskFeed, status: str) -> None:
        feed.status = status
        if status in TERMINAL:
            feed.finished_at = feed.finished_at or self._clock.monotonic()
        else:
            feed.finished_at = None

    def _pull_if_behind(self, feed: TaskFeed) -> None:
        if feed.behind and not feed.pulling:
            feed.pulling = True
            self._background.start(self._pull(feed), name=f"pull {feed.task_id}")

    async def _pull(self, feed: TaskFeed) -> None:
        """Read until the cursor is where somebody said that the log is."""
        try:
            while feed.behind and self.feeds.get(feed.task_id) is feed:
                events = await self._read_rows(feed.task_id, feed.cursor)
                first = events[0].seq if events else await self._first_kept(feed.task_id)
                if first > feed.cursor + 1:
                    for follower in feed.skip_to(first - 1):
                        self._resnapshot(follower, feed)
                elif not events:
                    feed.wanted = feed.cursor  # the hint ran ahead of what can be read; the sweep tries again
                    return
                for event in events:
                    feed.deliver(event)
        except DatabaseUnavailable:
            log.warning("pull_failed", task_id=feed.task_id)  # the sweep repairs when the database is back
            feed.wanted = feed.cursor
        finally:
            feed.pulling = False

    async def _read_rows(self, task_id: str, after: int) -> list[Event]:
        return await self._db.read(
            self._epoch.watching(lambda connection: read_after(connection, task_id, after, limit=ROWS))
        )

    async def _first_kept(self, task_id: str) -> int:
        """The lowest seq that the log may still hold; 0 for a task that is gone."""
        heads = await self._db.read(lambda connection: tasks.heads(connection, [task_id], []))
        return heads[0].min_seq if heads else 0

    def _resnapshot(self, follower: Follower, feed: TaskFeed) -> None:
        follower.needs_snapshot = True
        if not follower.catching_up:
            follower.catching_up = True
            self._background.start(self._catch_up(follower, feed), name=f"catch-up {follower.task_id}")

    async def _catch_up(self, follower: Follower, feed: TaskFeed) -> None:
        """Bring one follower from its cursor to the live stream, at the pace of its socket."""
        try:
            while await self._step(follower, feed):
                pass
        except DatabaseUnavailable:
            log.warning("catch_up_failed", task_id=feed.task_id)
        finally:
            follower.catching_up = False

    async def _step(self, follower: Follower, feed: TaskFeed) -> bool:
        """One read and its frames; False when the follower is level or gone."""
        connection = follower.connection
        if not await connection.wait_for_turn() or connection.followers.get(follower.task_id) is not follower:
            return False
        if follower.needs_snapshot:
            return await self._send_snapshot(follower, feed)
        if follower.cursor >= feed.cursor:
            feed.go_live(follower)
            return False
        generation, after = follower.generation, follower.cursor
        page = await self._pages.after(follower.task_id, after)
        if generation != follower.generation:
            return True
        if not page or page[0].event.seq > after + 1:
            follower.needs_snapshot = True
            return True
        sent = 0
        while sent < len(page):
            if not await connection.wait_for_turn() or generation != follower.generation:
                return not connection.peer.closed
            sent += connection.send_page(follower, page[sent:])
        return True

    async def _send_snapshot(self, follower: Follower, feed: TaskFeed) -> bool:
        generation, known = follower.generation, feed.cursor
        snapshot = await self._snapshots.get(follower.task_id, follower.log_tail, at_least=known)
        if not await follower.connection.wait_for_turn():
            return False
        if generation != follower.generation:
            return True
        if snapshot is None:
            if feed.deleted:  # else the sweep comes back to it when the event was delivered
                self._dismiss(follower, feed)
                self._tell_deletion(follower.connection, follower.task_id)
            return False
        if snapshot.seq < known:
            self._go_back(feed, snapshot.seq)  # before the sweep has seen it
        follower.needs_snapshot = False
        follower.connection.discard(follower.task_id)
        follower.start_at(snapshot.seq)
        follower.connection.send_pulled(snapshot.payload)
        self._metrics.snapshots.labels("pruned").inc()
        return True

    async def _send_notices(self, connection: ConnectionInfo, task_id: str, after: int, to: int) -> None:
        while after < to and (page := await self._pages.after(task_id, after)):
            for encoded in page:
                if encoded.event.seq <= to and encoded.event.type in NOTICE_TYPES:
                    connection.send_notice(encoded)
            after = page[-1].event.seq
            if after < to and not await connection.wait_drained():  # no more than a page waits
                return


def _start_of(hint: TaskHint) -> int:
    """Where to start a task that was not watched: before the hint's events, or at 0 for one that is new altogether.

    Connections that were open before the task began have no floor for it; those that opened later do.
    """
    if not hint.events:
        return hint.seq - 1
    first = hint.events[0]
    new = hint.status in UNFINISHED and first.attempt == 1 and first.type != "task_retrying"
    return 0 if new else first.seq - 1
