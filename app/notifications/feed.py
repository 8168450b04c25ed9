"""Use cases of the feed and of deliveries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Conflict, NotFound
from app.core.principal import Principal
from app.domain.notifications import FeedHead
from app.events.bus.base import FeedHint, Publisher
from app.identity.audit import AuditTrail
from app.notifications.delivering import EXPIRES_AFTER
from app.notifications.queries import deliveries, feed


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Notifications, and the state of the feed when they were read."""

    rows: Sequence[Row[Any]]
    head: FeedHead
    unread: int  # up to `queries.feed.MAX_UNREAD`

    @classmethod
    def of(cls, connection: Connection, user_id: str, rows: Sequence[Row[Any]]) -> "FeedPage":
        """Return a page of these rows with the feed's state. Call it in the transaction that read the rows."""
        return cls(rows, feed.head(connection, user_id), feed.count_unread(connection, user_id))


@dataclass(kw_only=True, eq=False, repr=False)
class FeedService:
    """A user's notifications, and their deliveries."""

    db: Database
    bus: Publisher
    clock: Clock
    audit: AuditTrail
    on_change: Callable[[], None] = lambda: None  # something may be due now

    async def read(self, principal: Principal, *, after: int | None, before: int | None, limit: int) -> FeedPage:
        """Return notifications after a number, oldest first, or without it those before a number, newest first."""

        def work(connection: Connection) -> FeedPage:
            user_id = principal.user_id
            rows = (
                feed.before(connection, user_id, before, limit=limit)
                if after is None
                else feed.after(connection, user_id, after, limit=limit)
            )
            return FeedPage.of(connection, user_id, rows)

        return await self.db.read(work)

    async def mark_read(self, principal: Principal, *, up_to: int | None, seqs: Sequence[int]) -> FeedPage:
        """Mark notifications as read, and let all connections of the user know; return the new state, without rows."""
        now, user_id = self.clock.now(), principal.user_id

        def work(connection: Connection) -> tuple[bool, FeedPage]:
            is_changed = feed.mark_read(connection, user_id, now, up_to=up_to, seqs=seqs)
            return is_changed, FeedPage.of(connection, user_id, ())

        is_changed, state = await self.db.write(work)
        if is_changed:
            self.bus.publish(FeedHint(user_id))
        return state

    async def deliveries(
        self,
        principal: Principal,
        *,
        status: str | None,
        channel_id: str | None,
        before: tuple[datetime, str] | None,
        limit: int,
    ) -> Sequence[Row[Any]]:
        """Return deliveries, newest first, after the one with this time and id."""
        query: Mapping[str, Any] = {"status": status, "channel_id": channel_id, "before": before, "limit": limit}
        return await self.db.read(lambda c: deliveries.page(c, principal.user_id, **query))

    async def resend(self, principal: Principal, delivery_id: str) -> Row[Any]:
        """Send a delivery again, with its id. Raises NotFound; Conflict (`delivery_waiting`)."""
        now = self.clock.now()

        def work(connection: Connection) -> Row[Any]:
            row = deliveries.find(connection, delivery_id, principal.user_id)
            if row is None:
                raise NotFound(text="no_such_delivery")
            if not deliveries.resend(connection, row, now=now, expires_at=now + EXPIRES_AFTER):
                raise Conflict(code="delivery_waiting")
            deliveries.wake(connection, [row.channel_id], now, in_trouble_too=True)
            again = deliveries.find(connection, delivery_id, principal.user_id)
            assert again is not None
            return again

        row = await self.db.write(work)
        self.on_change()
        self.audit.record(
            "delivery.resend", user_id=principal.user_id, address=principal.address, object_id=delivery_id
        )
        return row
