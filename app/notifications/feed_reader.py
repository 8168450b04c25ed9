"""What follows a number in users' feeds: read for those who follow them over the socket."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from app.core.data_loader import DataLoader
from app.core.db import Database
from app.domain.notifications import FeedHead
from app.notifications.feed import FeedPage
from app.notifications.queries import feed

PAGE_ROWS: Final = 50
Position = tuple[str, int]  # the feed of which user, and the number after which it is read


@dataclass(kw_only=True, eq=False, repr=False)
class FeedReader:
    """Reads for many connections together: those of a user that stand at the same number share a page."""

    db: Database
    _pages: DataLoader[Position, FeedPage] = field(init=False)

    def __post_init__(self) -> None:
        self._pages = DataLoader(self._read)

    async def head(self, user_id: str) -> FeedHead:
        """Raises DatabaseUnavailable."""
        return await self.db.read(lambda connection: feed.head(connection, user_id))

    async def page(self, user_id: str, after: int) -> FeedPage:
        """Return the next notifications after a number, oldest first, as they are at this call or later.

        Fewer than PAGE_ROWS: there are no others up to its `head`. Raises DatabaseUnavailable.
        """
        page = await self._pages.get((user_id, after))
        assert page is not None  # a user without a feed has an empty one
        return page

    @staticmethod
    def heads(connection: Connection, user_ids: Collection[str]) -> Mapping[str, FeedHead]:
        """Return the heads of these users' feeds, for the sweep, which reads them with all else."""
        return feed.heads(connection, user_ids) if user_ids else {}

    async def _read(self, positions: Sequence[Position]) -> Mapping[Position, FeedPage]:
        def work(connection: Connection) -> Mapping[Position, FeedPage]:
            return {position: _page(connection, *position) for position in positions}

        return await self.db.read(work)


def _page(connection: Connection, user_id: str, after: int) -> FeedPage:
    return FeedPage.of(connection, user_id, feed.after(connection, user_id, after, limit=PAGE_ROWS))
