"""Repairs what hints have missed: every few seconds all positions are compared with the log, in one query."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.events.epoch import LogEpoch
from app.events.log_identity import read_identity
from app.notifications.feed_reader import FeedReader
from app.scans.queries import tasks
from app.websocket.connections.registry import Registry
from app.websocket.delivery.feeds import NotificationFeeds

log = structlog.get_logger(__name__)


class Swept(Protocol):
    """Holds positions in the logs of tasks: the dispatcher's channels, the event streams."""

    def begin_sweep(self) -> Collection[str]:
        """Note all positions as they are before the read; returns their tasks."""
        ...

    async def end_sweep(self, heads: Mapping[str, tasks.TaskHead], *, restored: bool) -> None:
        """Compare the noted positions with the ends of the logs. A task that is not in `heads` is gone.

        `restored`: an older database is in the place of ours, and no position means anything any more.
        Raises DatabaseUnavailable.
        """
        ...


@dataclass(kw_only=True, eq=False, repr=False)
class Sweep:
    """One loop for everything that has a position: with the bus dead, delivery goes on at its pace."""

    db: Database
    epoch: LogEpoch
    registry: Registry
    swept: Sequence[Swept]
    feeds: NotificationFeeds
    clock: Clock
    interval_s: float
    _swept_at: float | None = field(default=None, init=False)  # monotonic; end of the last good sweep

    @property
    def lag_s(self) -> float | None:
        """Return the seconds since the last good sweep; None before the first."""
        return None if self._swept_at is None else self.clock.monotonic() - self._swept_at

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                await self.run_once()
            except DatabaseUnavailable:
                log.warning("sweep_failed")
            except Exception:  # a boundary: whatever it is, the next sweep must come, for it repairs all the rest
                log.exception("sweep_failed")
            await self.clock.sleep(self.interval_s)

    async def run_once(self) -> None:
        """Raises DatabaseUnavailable."""
        named = sorted({task_id for part in self.swept for task_id in part.begin_sweep()})
        owners, readers, before = self.registry.users(), self.feeds.begin_sweep(), self.epoch.identity
        heads, feed_heads, found = await self.db.read(
            lambda connection: (
                tasks.heads(connection, named, owners),
                FeedReader.heads(connection, readers),
                read_identity(connection),
            )
        )
        restored = not found.goes_on_from(before)
        if restored:
            await self.epoch.renew()
        else:
            self.epoch.seen(found.commits)
        by_task = {head.task_id: head for head in heads}
        for part in self.swept:
            await part.end_sweep(by_task, restored=restored)
        self.feeds.end_sweep(feed_heads, restored=restored)
        self._swept_at = self.clock.monotonic()
