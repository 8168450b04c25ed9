"""Looks at all sites every ten minutes: which were not scanned conclusively for too long, and whether plans hold."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.core.live_settings import SettingsSource
from app.core.metrics import Metrics
from app.site_counts import summary
from app.sites.queries import plans, sites
from app.sites.queries.sites import SiteRow
from app.sites.site import done_upto, overdue_since, plan_columns, schedule_of

EVERY_S: Final = 600.0
AT_ONCE: Final = 100  # sites of one read
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class SiteWatch:
    """For the holder of the lease. Event loop only."""

    db: Database
    clock: Clock
    settings: SettingsSource
    metrics: Metrics
    _next_at: float = field(default=0.0, init=False)  # monotonic

    async def look_if_due(self) -> None:
        """Raises DatabaseUnavailable: then the next call looks again."""
        if self.clock.monotonic() < self._next_at:
            return
        await self.look()
        self._next_at = self.clock.monotonic() + EVERY_S

    async def look(self) -> None:
        """Look at all sites now. Raises DatabaseUnavailable."""
        last = ""
        while found := await self.db.read(partial(_page_after, site_id=last)):
            rows, standings = found
            for row, since, conclusive_at in await asyncio.to_thread(_overdue, rows, standings, self.clock.now()):
                await self._note(row, since, conclusive_at)
            for row, values in await asyncio.to_thread(self._plans_too_late, rows):
                if await self.db.write(partial(plans.move_on, site=row, values=values)):
                    log.info("site_planned_anew", site_id=row.id)
            last = rows[-1].id
        self.metrics.sites_overdue.set(await self.db.read(sites.count_overdue))

    async def _note(self, row: SiteRow, since: datetime | None, conclusive_at: datetime | None) -> None:
        note = partial(plans.note_overdue, site=row, since=since, conclusive_at=conclusive_at, now=self.clock.now())
        if not await self.db.write(note):
            return
        if since is None:
            log.info("site_scanned_again", site_id=row.id)
        elif row.overdue_since is None:
            self.metrics.site_alerts.inc()
            log.warning("site_overdue", site_id=row.id, target=row.target_domain, since=since.isoformat())

    def _plans_too_late(self, rows: Sequence[SiteRow]) -> list[tuple[SiteRow, Mapping[str, Any]]]:
        """Return the sites that are due earlier than they are planned, with their plans: after a clock that was wrong,
        or a setting that changed. Blocking.
        """
        now, spread_s, found = self.clock.now(), self.settings.current.schedule_spread_s, []
        for row in rows:
            if row.next_run_at is None or row.next_run_at <= now:
                continue
            values = plan_columns(
                schedule_of(row), row.id, paused=row.paused, after=now, spread_s=spread_s, done_upto=done_upto(row, now)
            )
            if values["next_run_at"] is not None and values["next_run_at"] < row.next_run_at:
                found.append((row, values))
        return found


def _page_after(connection: Connection, site_id: str) -> tuple[Sequence[SiteRow], Mapping[Any, Row[Any]]] | None:
    """Return the next sites with how they stand, by owner and target; None: that was all."""
    rows = sites.after(connection, site_id, AT_ONCE)
    if not rows:
        return None
    return rows, summary.standings(connection, [(row.user_id, row.target_domain) for row in rows])


def _overdue(
    rows: Sequence[SiteRow], standings: Mapping[Any, Row[Any]], now: datetime
) -> list[tuple[SiteRow, datetime | None, datetime | None]]:
    """Return the sites of which something else is to be noted: since when they are overdue, and when their newest
    conclusive scan ended. Nobody scans those of users who are disabled, and they are not overdue. Blocking.
    """
    found = []
    for row in rows:
        standing = standings.get((row.user_id, row.target_domain))
        conclusive_at = None if standing is None else standing.conclusive_at
        since = overdue_since(row, conclusive_at, now) if row.owner_is_active else None
        if since != row.overdue_since:
            found.append((row, since, conclusive_at))
    return found
