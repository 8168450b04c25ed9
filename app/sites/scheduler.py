"""The loop that starts the scans that are due (ADR 0072). One process acts: the one that watches tasks.

What cannot be started is tried again after a minute, or after an hour where its target must not be scanned, and never
lost: the plan of a site moves on in the transaction that makes its scan, and in no other. That write is a
compare-and-set, so no run is started twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.errors import LimitReached, ScannerError
from app.core.lease import Lease, LeaseLost
from app.core.live_settings import SettingsSource
from app.core.metrics import Metrics
from app.domain.messages import MessageCatalog
from app.domain.tasks import TaskStatus
from app.domain.translation import said
from app.events.log import AppendResult
from app.events.types import TaskWarning
from app.events.writer import EventWriter
from app.identity import accounts
from app.sites.queries import plans
from app.sites.queries.sites import SiteRow
from app.sites.runs import PreparedScan, SiteRuns
from app.sites.schedule import count_missed, offset_of
from app.sites.site import plan_columns, schedule_of
from app.sites.watch import SiteWatch

AT_ONCE: Final = 20  # sites of one round: after an outage starts are some seconds apart as well
RETRY_AFTER: Final = timedelta(seconds=60)
RETRY_REFUSED_AFTER: Final = timedelta(hours=1)  # what only an administrator can change, with the settings
REFUSED: Final = "target_not_allowed"
LATE_AFTER: Final = timedelta(minutes=10)  # a start so much later than planned is said to be late
INTERNAL: Final = "internal"
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class Scheduler:
    """Event loop only. `db` and `event_writer`: all that they write begins with the lease's guard."""

    db: Database
    event_writer: EventWriter
    clock: Clock
    settings: SettingsSource
    texts: MessageCatalog
    runs: SiteRuns
    watch: SiteWatch
    metrics: Metrics
    lease: Lease
    _put_off: set[str] = field(default_factory=set, init=False)  # users at their limit, in this round

    async def keep_current(self) -> None:
        """Look every few seconds, until cancelled. A round that fails is logged; the next one comes."""
        while True:
            try:
                if await self.lease.is_held():
                    await self.look()
                else:
                    self._rest()
            except (DatabaseUnavailable, LeaseLost) as error:
                log.warning("schedules_wait", reason=type(error).__name__)
            await self.clock.sleep(self.settings.current.monitor_interval_s)

    def _rest(self) -> None:
        """Say nothing while another process acts, so that sums over all processes are right."""
        self.metrics.site_schedule_lag.set(0)
        self.metrics.sites_overdue.set(0)

    async def look(self) -> None:
        """Start what is due, at most AT_ONCE sites; then look after those that are not. Raises DatabaseUnavailable."""
        now = self.clock.now()
        due = await self.db.read(partial(plans.due, now=now, limit=AT_ONCE))
        self.metrics.site_schedule_lag.set(max(((now - site.next_run_at).total_seconds() for site in due), default=0))
        self._put_off.clear()
        for site in due:
            if site.user_id not in self._put_off:
                await self._try(site)
        await self.watch.look_if_due()

    async def _try(self, site: SiteRow) -> None:
        try:
            await self._start(site)
        except (DatabaseUnavailable, LeaseLost):
            raise
        except LimitReached as error:
            await self._wait_for_limit(site, error.code)
        except ScannerError as error:
            await self._wait(site, error.code)
        except Exception:  # a boundary: what is wrong with one site must not keep the others from their scans
            log.exception("scheduled_run_failed", site_id=site.id)
            await self._wait(site, INTERNAL)

    async def _start(self, site: SiteRow) -> None:
        """Raises InvalidInput, Forbidden, Conflict, LimitReached: nothing has changed."""
        now = self.clock.now()
        prepared = await self.runs.prepare(site)
        values = self._moved_on(site, prepared, now)
        unit = partial(self._unit, site=site, prepared=prepared, values=values, now=now)
        if not await self.event_writer.write_all(unit):
            return  # its plan was changed meanwhile
        self.runs.scans.runner.wake()
        late_s = (now - site.next_run_at).total_seconds()
        self.metrics.site_runs_started.labels("late" if _is_late(site, values, now) else "on_time").inc()
        log.info(
            "scheduled_scan",
            site_id=site.id,
            task_id=prepared.task.id,
            due_at=site.due_at.isoformat(),
            late_s=round(late_s, 1),
            missed=values["last_missed"],
        )

    def _moved_on(self, site: SiteRow, prepared: PreparedScan, now: datetime) -> dict[str, Any]:
        """Return the columns of a site whose run starts now, with the plan of the next one."""
        schedule = schedule_of(site)
        spread_s = self.settings.current.schedule_spread_s
        missed = 0
        if schedule is not None:
            missed = count_missed(schedule, due_at=site.due_at, upto=now - offset_of(site.id, spread_s))
        return {
            **plan_columns(schedule, site.id, paused=site.paused, after=now, spread_s=spread_s, done_upto=site.due_at),
            "last_task_id": prepared.task.id,
            "last_due_at": site.due_at,
            "last_started_at": now,
            "last_missed": missed,
        }

    def _unit(
        self, connection: Connection, *, site: SiteRow, prepared: PreparedScan, values: dict[str, Any], now: datetime
    ) -> Sequence[AppendResult]:
        accounts.lock(connection, site.user_id)  # first, as the removal of a user does
        if not plans.move_on(connection, site, values):
            return []
        results = [prepared.start(connection)]
        if _is_late(site, values, now):
            results.append(self._say_late(site, prepared, values, now)(connection))
        return [result for result in results if result is not None]

    def _say_late(self, site: SiteRow, prepared: PreparedScan, values: dict[str, Any], now: datetime) -> Any:
        minutes = max(1, round((now - site.next_run_at).total_seconds() / 60))
        told = said(self.texts("late_run", minutes=minutes, missed=values["last_missed"]))
        warning = TaskWarning(code="late_run", **told)
        return self.runs.scans.lifecycle.warn(prepared.task.id, 1, warning, only_if=(TaskStatus.PENDING,))

    async def _wait(self, site: SiteRow, reason: str) -> None:
        after = RETRY_REFUSED_AFTER if reason == REFUSED else RETRY_AFTER
        values = {"try_at": self.clock.now() + after, "waits_for": reason}
        await self.db.write(lambda connection: plans.move_on(connection, site, values))
        self._note_wait(site, reason, 1)

    async def _wait_for_limit(self, site: SiteRow, reason: str) -> None:
        """Put off all runs of this user that are due: they would only keep those of others waiting."""
        now = self.clock.now()
        work = partial(plans.put_off, user_id=site.user_id, now=now, until=now + RETRY_AFTER, reason=reason)
        self._note_wait(site, reason, await self.db.write(work))
        self._put_off.add(site.user_id)

    def _note_wait(self, site: SiteRow, reason: str, count: int) -> None:
        self.metrics.site_runs_waiting.labels(reason).inc(count)
        if site.waits_for != reason:
            log.warning("scheduled_scan_waits", site_id=site.id, reason=reason)


def _is_late(site: SiteRow, values: dict[str, Any], now: datetime) -> bool:
    return bool(values["last_missed"]) or now - site.next_run_at > LATE_AFTER
