"""`compliance scan --watch`: the domains are sites of the data folder, and the service's scheduler scans them again and
again. After each scan what has changed since the conclusive one before it is printed. A server on the same folder goes
on with the schedule.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import orjson
import structlog

from app.cli import in_process
from app.cli.interrupts import Interrupts
from app.cli.scan_order import naming_refused, order_of, property_line, say_ordered
from app.cli.terminal import clean
from app.compose.services import Services
from app.core.db import DatabaseUnavailable
from app.core.errors import Conflict, Unavailable
from app.core.paging import Paging
from app.core.principal import Principal
from app.domain.messages import Language, MessageCatalog
from app.domain.scan_options import ScanOptions
from app.domain.tasks import TaskStatus
from app.inventory.differences import ALL
from app.orders.standings import read_scans
from app.reports.formats.wording import moment_text
from app.scans.shown_run import RunRef
from app.sites.service import NewSite
from app.sites.site import MAX_SITES

MAX_CHANGES: Final = 50  # of a scan that are printed
Json = Mapping[str, Any]
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class RepeatedScans:
    """Scans the domains now and every so many hours, until somebody asks it to stop."""

    services: Services
    principal: Principal
    texts: MessageCatalog
    targets: Sequence[str]
    options: ScanOptions
    every_hours: int
    as_json: bool
    _names: set[str] = field(default_factory=set, init=False)  # of the targets, as sites have them
    _known: set[str] = field(default_factory=set, init=False)  # scans of which the end is not told yet
    _told: set[str] = field(default_factory=set, init=False)

    async def run(self, interrupts: Interrupts) -> None:
        """Raises ConfigurationError for targets that cannot be scanned, and names them; LimitReached, Conflict."""
        await self._begin()
        while not interrupts.asked.is_set():
            await self._try_to_look()
            with suppress(TimeoutError):
                await asyncio.wait_for(interrupts.asked.wait(), in_process.SWEEP_S)
        await self._try_to_look()  # a scan may have ended since

    async def _try_to_look(self) -> None:
        """A watch goes on for weeks: a database that cannot be read now is asked again by the next look."""
        try:
            await self._look()
        except DatabaseUnavailable as error:
            log.warning("watch_waits", reason=error.message)

    async def _begin(self) -> None:
        """Keep all targets as sites with the schedule, and order a scan of each that is not being scanned.

        In this order: what was due before is planned anew. The scheduler may have started it a moment ago, so what is
        being scanned is asked in the transaction of the order.
        """
        with naming_refused(self.targets, self.texts):
            names, _ = await self.services.orders.check(order_of(self.targets, self.options))
        self._names = set(names)
        before = {site["target_domain"]: site for site in await self._sites()}
        last_runs = {site["last_run"]["task_id"] for site in before.values() if site["last_run"] is not None}
        self._told = last_runs - {site["unfinished"]["task_id"] for site in before.values() if site["unfinished"]}
        for name in names:
            await self._keep_site(name, before.get(name))
        self._known = await self._order(names)

    async def _order(self, names: Sequence[str]) -> set[str]:
        """Return the scans that are ordered now."""
        language = Language(self.texts.language)
        try:
            pieces = await self.services.sites.service.run_targets(self.principal, names, language)
        except Conflict as error:
            if error.code != "site_busy":
                raise
            return set()  # all are being scanned
        order_id = say_ordered(pieces, self.texts)
        scans = await self.services.db.read(lambda connection: read_scans(connection, order_id))
        return {scan.task.id for scan in scans}

    async def _keep_site(self, name: str, site: Json | None) -> None:
        service, schedule = self.services.sites.service, {"every_hours": self.every_hours}
        config = asdict(self.options)
        if site is None:
            await service.create(self.principal, NewSite(target_domain=name, config=config, schedule=schedule))
        else:
            await service.change(self.principal, site["id"], {"config": config, "schedule": schedule, "paused": False})

    async def _sites(self) -> list[Json]:
        """Return `sites.schemas.SiteHead` of the sites of whom we act as: an administrator would see those of all."""
        owner = replace(self.principal, role="user")
        found = await self.services.sites.service.list_page(owner, page=1, page_size=MAX_SITES)
        sites: list[Json] = orjson.loads(b"".join(found))["items"]
        return sites

    async def _look(self) -> None:
        """Tell of the scans that have ended since the last look."""
        sites = {site["target_domain"]: site for site in await self._sites() if site["target_domain"] in self._names}
        unfinished = {site["unfinished"]["task_id"] for site in sites.values() if site["unfinished"] is not None}
        started = {site["last_run"]["task_id"] for site in sites.values() if site["last_run"] is not None}
        self._known |= (unfinished | started) - self._told
        for task_id in sorted(self._known - unfinished):
            task = await self.services.scans.get(self.principal, task_id)
            if task["completed_at"] is not None:
                await self._tell(task, sites.get(task["target_domain"]))
                self._known.remove(task_id)
                self._told.add(task_id)

    async def _tell(self, task: Json, site: Json | None) -> None:
        differences = await self._differences(task) if task["status"] == TaskStatus.COMPLETED else None
        next_run_at = None if site is None else site["next_run_at"]
        if self.as_json:
            line = orjson.dumps({"task": task, "differences": differences, "next_run_at": next_run_at})
            sys.stdout.write(f"{line.decode()}\n")
        else:
            sys.stdout.write("".join(f"{line}\n" for line in self._lines(task, differences, next_run_at)))
        sys.stdout.flush()

    async def _differences(self, task: Json) -> Json | None:
        """Return `inventory.schemas.DifferencePage`; None: the results of one of the two scans cannot be read."""
        try:
            pieces = await self.services.inventory.differences.read(
                self.principal,
                RunRef(task["id"]),
                None,
                language=self.texts.language,
                paging=Paging(page_size=MAX_CHANGES),
                only=ALL,
            )
        except Unavailable:
            return None
        found: Json = orjson.loads(b"".join(pieces))
        return found

    def _lines(self, task: Json, differences: Json | None, next_run_at: str | None) -> list[str]:
        texts = self.texts
        result = None if task["verdict"] is None else task["verdict"]["result"]
        lines: list[str] = [f"{moment_text(task['completed_at'])}  {property_line({**task, 'result': result}, texts)}"]
        if differences is None:
            lines += [texts("repeated.uncompared")] if task["status"] == TaskStatus.COMPLETED else []
        elif differences["against"] is None:
            lines.append(texts("repeated.first"))
        else:
            lines += self._changes(differences)
        if next_run_at is not None:
            lines.append(texts("repeated.next", time=moment_text(next_run_at)))
        return [lines[0], *(f"  {line}" for line in lines[1:])]

    def _changes(self, differences: Json) -> list[str]:
        texts, since = self.texts, moment_text(differences["against"]["completed_at"])
        lines: list[str] = [texts("repeated.changes", count=differences["changes"], time=since)]
        lines += [f"- {clean(item['text'])}" for item in differences["items"]]
        if differences["total"] > len(differences["items"]):
            lines.append(texts("repeated.left_out", count=differences["total"] - len(differences["items"])))
        return lines
