"""Starts scans of sites, for people and for schedules: always one at a time of a site, within its owner's limit."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app.core.errors import Conflict
from app.core.ids import new_id
from app.events.log import AppendResult
from app.events.writer import UnitOfWork
from app.identity import accounts
from app.scans.new_task import NewTask
from app.scans.service import ScanService
from app.sites.queries import sites
from app.sites.site import options_of


@dataclass(frozen=True, slots=True)
class PreparedScan:
    """A scan of a site that may be started: its options hold, as of now."""

    task: NewTask
    start: UnitOfWork


@dataclass(frozen=True, kw_only=True)
class SiteRuns:
    """A scan belongs to the owner of its site, also when an administrator asks for it."""

    scans: ScanService

    async def prepare(self, site: sites.SiteRow) -> PreparedScan:
        """Return a scan of this site, and the unit that makes it.

        The unit raises Conflict (`site_busy`: a scan of the site waits or runs; `owner_disabled`) and LimitReached
        (`task_limit`). Raises InvalidInput, Forbidden (`target_not_allowed`).
        """
        options, said = options_of(site)
        chosen = self.scans.fill_in(options, said)
        target, parsed = await asyncio.to_thread(self.scans.parse, site.target_domain, chosen)
        task = NewTask(new_id(), target.name, parsed.to_json())
        assert task.config is not None
        create = self.scans.lifecycle.create(
            task.id, user_id=site.user_id, target_domain=target.name, config=task.config
        )
        limited = self.scans.within_limit(site.user_id, task.id, create)

        def start(connection: Connection) -> AppendResult | None:
            accounts.lock(connection, site.user_id)
            if not accounts.is_active(connection, site.user_id):
                raise Conflict(code="owner_disabled")
            if sites.has_unfinished(connection, (site.user_id, site.target_domain), besides=task.id):
                raise Conflict(code="site_busy")
            return limited(connection)

        return PreparedScan(task, start)


def without_busy(connection: Connection, user_id: str, new: Sequence[NewTask]) -> list[NewTask]:
    """Return the tasks of sites of which no scan waits or runs. Raises Conflict (`site_busy`): of each one does."""
    busy = sites.unfinished(connection, [(user_id, task.target_domain) for task in new])
    free = [task for task in new if (user_id, task.target_domain) not in busy]
    if not free:
        raise Conflict(code="site_busy")
    return free
