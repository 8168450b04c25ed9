"""Use cases of sites: add, read, change, remove, scan. A site of another user looks like a missing one."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from app.core.clock import Clock, to_wire
from app.core.db import Database
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import new_id
from app.core.json_chunks import Json, JsonChunks, encode_list, encode_object
from app.core.live_settings import SettingsSource
from app.core.principal import Principal
from app.core.tracing import traced
from app.domain.messages import Language
from app.domain.orders import MAX_TARGETS
from app.domain.scan_options import ScanOptions
from app.events.bus.base import AccessHint, Publisher
from app.events.log import AppendResult
from app.identity import accounts
from app.identity.audit import AuditTrail
from app.orders.service import OrderService
from app.scans.queries import holds
from app.scans.service import ScanService
from app.scans.shown_run import is_id
from app.scans.task_views import view_tasks
from app.sites.queries import sites
from app.sites.queries.sites import SiteFilter, SiteRow
from app.sites.runs import SiteRuns, without_busy
from app.sites.schedule import Schedule, next_starts
from app.sites.site import MAX_SITES, SCHEDULE_COLUMNS, done_upto, next_runs, plan_columns
from app.sites.views import read_facts, site_view

SCANS_AT_ONCE: Final = 100  # of a site that is removed with its scans
EVERY_SITE: Final = SiteFilter()
NO_SCHEDULE: Final = dict.fromkeys(SCHEDULE_COLUMNS)
NewRow = tuple[Mapping[str, Any], Sequence[str]]  # columns of `managed_sites`, and tags


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSite:
    """What a user wants watched. `config`: the options that they have said. `schedule`: columns of its name, or none
    of them.
    """

    target_domain: str
    group: str | None = None
    tags: Sequence[str] = ()
    config: Mapping[str, Any]
    schedule: Mapping[str, Any] | None = None
    paused: bool = False
    overdue_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a new site. `site_id`: the site of its target; None: it is not written. `error`: why it is not."""

    site_id: str | None
    is_new: bool = False
    error: Conflict | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class SiteService:
    """Each method is one use case with its own transactions."""

    db: Database
    bus: Publisher
    clock: Clock
    settings: SettingsSource
    audit: AuditTrail
    scans: ScanService
    orders: OrderService
    runs: SiteRuns

    @traced
    async def create(self, principal: Principal, new: NewSite) -> JsonChunks:
        """Add a site of the principal. Return `sites.schemas.SiteResponse`.

        Raises InvalidInput, Forbidden (as `ScanService.create`); Conflict (`site_exists`, `site_limit`).
        """
        row = await asyncio.to_thread(self.row_of, principal, new)
        if not await self.db.write(lambda c: self.add(c, row, new.tags)):
            raise Conflict(code="site_exists")
        self._record("site.create", principal, row["id"], {"target": row["target_domain"]})
        return await self.get(principal, row["id"])

    def row_of(self, principal: Principal, new: NewSite) -> dict[str, Any]:
        """Return the columns of a new site. Blocking. Raises InvalidInput, Forbidden."""
        options = self.scans.fill_in(ScanOptions.from_json(new.config), new.config)
        target, _ = self.scans.parse(new.target_domain, options)
        now, site_id = self.clock.now(), new_id()
        columns = NO_SCHEDULE if new.schedule is None else new.schedule
        schedule = None if new.schedule is None else Schedule(since=now, **_said(new.schedule))
        return {
            "id": site_id,
            "user_id": principal.user_id,
            "target_domain": target.name,
            "group_name": new.group,
            "config": dict(new.config),
            **columns,
            "scheduled_at": now,
            "paused": new.paused,
            "overdue_after_days": new.overdue_after_days,
            "created_at": now,
            **self._plan(schedule, site_id, paused=new.paused, now=now),
        }

    def add(self, connection: Connection, row: Mapping[str, Any], tags: Sequence[str]) -> bool:
        """Write a site. False: its owner has it already. Raises Conflict (`site_limit`)."""
        (added,) = self.add_all(connection, row["user_id"], [(row, tags)])
        if added.error is not None:
            raise added.error
        return added.is_new

    def add_all(
        self, connection: Connection, user_id: str, new: Sequence[NewRow], *, tried: Collection[str] | None = None
    ) -> list[Added]:
        """Write sites of a user, each with its tags, while there may be more; return what became of each, in order.

        `tried`: nothing is written; what would become of them after these targets, which are not written either.
        """
        if tried is None:
            accounts.lock(connection, user_id)
        targets = [row["target_domain"] for row, _ in new]
        known: dict[str, str | None] = {**sites.known_targets(connection, user_id, targets)}
        known |= dict.fromkeys(tried or ())
        left = MAX_SITES - sites.count(connection, user_id, MAX_SITES) - len(tried or ())
        outcomes = []
        for target, (row, tags) in zip(targets, new, strict=True):
            if target in known:  # with this row's id where a write is repeated of which nobody told whether it was done
                outcomes.append(Added(known[target], is_new=known[target] == row["id"]))
            elif left <= 0:
                outcomes.append(Added(None, error=Conflict(code="site_limit", limit=MAX_SITES)))
            else:
                left -= 1
                if tried is None:
                    sites.add(connection, row, tags)
                known[target] = row["id"] if tried is None else None
                outcomes.append(Added(known[target], is_new=True))
        return outcomes

    async def get(self, principal: Principal, site_id: str) -> JsonChunks:
        """Return `sites.schemas.SiteResponse`. Raises NotFound."""
        now, spread_s = self.clock.now(), self.settings.current.schedule_spread_s

        def work(connection: Connection) -> JsonChunks:
            row = find_site(connection, site_id, principal)
            view = site_view(row, read_facts(connection, [row], now), principal)
            return encode_object({**view, "next_runs": next_runs(row, now, spread_s)})

        return await self.db.read(work)

    async def list_page(
        self, principal: Principal, wanted: SiteFilter = EVERY_SITE, *, page: int, page_size: int
    ) -> JsonChunks:
        """Return `sites.schemas.SitePage`, by name."""
        now = self.clock.now()

        def work(connection: Connection) -> JsonChunks:
            offset = (page - 1) * page_size
            rows, total = sites.list_page(connection, principal, wanted, offset=offset, limit=page_size)
            facts = read_facts(connection, rows, now)
            return encode_list((site_view(row, facts, principal) for row in rows), total=total)

        return await self.db.read(work)

    async def labels(self, principal: Principal) -> Json:
        """Return `sites.schemas.SiteLabels`."""

        def work(connection: Connection) -> Json:
            found = {"groups": sites.groups(connection, principal), "tags": sites.tags(connection, principal)}
            return {kind: [{"name": name, "sites": count} for name, count in some] for kind, some in found.items()}

        return await self.db.read(work)

    async def preview(self, schedule: Mapping[str, Any]) -> Json:
        """Return `sites.schemas.SchedulePreview` of a schedule that is set now."""
        now = self.clock.now()
        found = await asyncio.to_thread(
            next_starts, Schedule(since=now, **_said(schedule)), None, after=now, spread_s=0
        )
        return {
            "next_runs": [to_wire(at) for at in found],
            "spread_s": self.settings.current.schedule_spread_s,
        }

    @traced
    async def change(self, principal: Principal, site_id: str, changes: Mapping[str, Any]) -> JsonChunks:
        """Change what is named: columns of `managed_sites`, `tags`, and `schedule` (its columns, or None).

        A schedule that is set, resumed or paused is planned anew from now, by what the site is when it is written:
        another change may have come first. Raises NotFound, InvalidInput, Forbidden.
        """
        columns = dict(changes)
        tags = columns.pop("tags", None)
        seen = await self.db.read(lambda c: find_site(c, site_id, principal))
        if "config" in columns:
            options = self.scans.fill_in(ScanOptions.from_json(columns["config"]), columns["config"])
            await asyncio.to_thread(self.scans.parse, seen.target_domain, options)

        def work(connection: Connection) -> None:
            accounts.lock(connection, seen.user_id)  # as who starts its scans
            row = find_site(connection, site_id, principal)
            is_planned = columns.keys() & {"schedule", "paused"}
            values = {**columns, **self._planned_anew(row, columns)} if is_planned else dict(columns)
            values.pop("schedule", None)
            sites.change(connection, site_id, values, tags)

        await self.db.write(work)
        if "group_name" in changes:
            self.bus.publish(AccessHint(seen.user_id))  # API keys of its group show it no longer
        self._record("site.update", principal, site_id, {"fields": sorted(changes)})
        return await self.get(principal, site_id)

    def _planned_anew(self, row: SiteRow, changes: Mapping[str, Any]) -> dict[str, Any]:
        now, paused = self.clock.now(), changes.get("paused", row.paused)
        columns = {name: getattr(row, name) for name in SCHEDULE_COLUMNS}
        if "schedule" in changes:
            columns = {**NO_SCHEDULE, **(changes["schedule"] or {})}
        given = _said(columns)
        schedule = Schedule(since=now, **given) if given.keys() & {"cron", "every_hours"} else None
        done = done_upto(row, now)
        plan = self._plan(schedule, row.id, paused=paused, now=now, done=done)
        return {**columns, "scheduled_at": now, **plan}

    def _plan(
        self, schedule: Schedule | None, site_id: str, *, paused: bool, now: datetime, done: datetime | None = None
    ) -> Mapping[str, Any]:
        spread_s = self.settings.current.schedule_spread_s
        return plan_columns(schedule, site_id, paused=paused, after=now, spread_s=spread_s, done_upto=done)

    @traced
    async def remove(self, principal: Principal, site_id: str, *, with_scans: bool) -> None:
        """Remove a site; its scans stay, unless they are removed first, each in a transaction of its own.

        Raises NotFound; Conflict (`task_running`): a scan that is to be removed waits or runs; (`task_held`): one is
        under a legal hold.
        """
        row = await self.db.read(lambda c: find_site(c, site_id, principal))
        removed = await self._remove_scans(principal, row) if with_scans else 0
        await self.db.write(lambda c: sites.remove(c, site_id))
        self.bus.publish(AccessHint(row.user_id))  # as `change` does
        detail = {"target": row.target_domain, "scans": removed}
        self._record("site.delete", principal, site_id, detail)

    async def _remove_scans(self, principal: Principal, row: SiteRow) -> int:
        site, removed = (row.user_id, row.target_domain), 0
        if await self.db.read(lambda c: sites.has_unfinished(c, site)):
            raise Conflict(code="task_running")
        if await self.db.read(lambda c: holds.has_held(c, *site)):
            raise Conflict(code="task_held")
        while found := (await self.db.read(lambda c: sites.scans(c, site, offset=0, limit=SCANS_AT_ONCE)))[0]:
            for scan in found:
                await self.scans.delete(principal, scan.id)
            removed += len(found)
        return removed

    @traced
    async def run(self, principal: Principal, site_id: str, language: Language) -> Json:
        """Scan a site now; return the task. Its plan is unchanged.

        Raises NotFound, Conflict (`site_busy`), LimitReached (`task_limit`), InvalidInput, Forbidden.
        """
        row = await self.db.read(lambda c: find_site(c, site_id, principal))
        prepared = await self.runs.prepare(row)

        def start(connection: Connection) -> AppendResult | None:
            find_site(connection, site_id, principal)  # it may be gone by now, or out of the group of a key
            return prepared.start(connection)

        await self.scans.event_writer.write(start)
        self.scans.runner.wake()
        self._record("site.run", principal, site_id, {"task": prepared.task.id})
        return await self.scans.get(principal, prepared.task.id, language=language)

    @traced
    async def run_group(self, principal: Principal, group: str, language: Language) -> JsonChunks:
        """Scan all sites of a group of the principal's own now, but those that are being scanned, as one order.

        Return `orders.schemas.OrderResponse`. Raises NotFound (`no_such_group`); Conflict (`site_busy`: all are);
        InvalidInput (`group_too_large`); LimitReached (`task_limit`).
        """
        found = await self.db.read(lambda c: sites.in_group(c, principal.user_id, group, MAX_TARGETS + 1))
        if not found:
            raise NotFound(text="no_such_group")
        if len(found) > MAX_TARGETS:
            raise InvalidInput(code="group_too_large", limit=MAX_TARGETS)
        new = [(await self.runs.prepare(row)).task for row in found]
        return await self.orders.create_of(principal, new, title=group, choose=without_busy, language=language)

    @traced
    async def run_targets(self, principal: Principal, targets: Sequence[str], language: Language) -> JsonChunks:
        """Scan the principal's own sites of these targets now, but those that are being scanned, as one order.

        Return `orders.schemas.OrderResponse`. Raises NotFound; Conflict (`site_busy`: all are); LimitReached
        (`task_limit`).
        """

        def work(connection: Connection) -> list[SiteRow]:
            known = sites.known_targets(connection, principal.user_id, targets)
            return [find_site(connection, known.get(target, ""), principal) for target in targets]

        new = [(await self.runs.prepare(row)).task for row in await self.db.read(work)]
        return await self.orders.create_of(principal, new, title=None, choose=without_busy, language=language)

    async def list_scans(
        self, principal: Principal, site_id: str, *, page: int, page_size: int, language: Language
    ) -> JsonChunks:
        """Return `scans.schemas.tasks.TaskPage`: the scans of the site, the newest first. Raises NotFound."""

        def work(connection: Connection) -> JsonChunks:
            row = find_site(connection, site_id, principal)
            site = (row.user_id, row.target_domain)
            tasks, total = sites.scans(connection, site, offset=(page - 1) * page_size, limit=page_size)
            views = view_tasks(connection, tasks, language=language, is_outside=principal.is_outside)
            return encode_list(views, total=total, truncated=False)

        return await self.db.read(work)

    def _record(self, action: str, principal: Principal, site_id: str, detail: Json) -> None:
        self.audit.record(
            action, user_id=principal.user_id, address=principal.address, object_id=site_id, detail=detail
        )


def find_site(connection: Connection, site_id: str, principal: Principal) -> SiteRow:
    """Return the site's row. Raises NotFound for missing and foreign ones, and for what is no id at all."""
    row = sites.find(connection, site_id, principal) if is_id(site_id) else None
    if row is None:
        raise NotFound(text="no_such_site")
    return row


def _said(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if value is not None}
