"""Sites over a real database, whose scans nobody carries out: the test does, and moves the clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from app.core.config import Settings
from app.core.db import Database
from app.core.ids import new_id
from app.core.lease import Lease, SoleProcess
from app.core.metrics import Metrics
from app.core.principal import Principal
from app.domain.messages import Language, MessageCatalog
from app.domain.verdict import Result, Verdict
from app.events.bus.memory import MemoryBus
from app.events.tables import UNFINISHED_VISIBLE, scan_tasks
from app.events.types import Statistics
from app.events.writer import EventWriter
from app.identity.tables import users
from app.orders.service import OrderService
from app.scans.lifecycle import Lifecycle
from app.scans.service import ScanService
from app.sites.build import SiteParts, build_sites
from app.sites.service import NewSite
from app.sites.tables import managed_sites
from app.tasks.target_parser import EngineTargetParser
from tests.support.backend import FakeRunner
from tests.support.monitored_tasks import HandClock

DAILY = {"cron": "0 3 * * *", "time_zone": "UTC", "every_hours": None}
HOURLY = {"cron": None, "time_zone": "UTC", "every_hours": 1}
START = datetime(2026, 1, 1, tzinfo=UTC)  # by the clock of each world


class NoAudit:
    def __init__(self) -> None:
        self.actions: list[str] = []

    def record(self, action: str, *_: Any, **__: Any) -> bool:
        self.actions.append(action)
        return True


class WatchedSites:
    """One process of a deployment. `scans` of another process are those of the same database."""

    def __init__(self, db: Database, clock: HandClock, *, lease: Lease | None = None, **values: Any) -> None:
        self.db, self.clock = db, clock
        self.settings = Settings(**{"ct_urls": (), **values})
        self.metrics, self.audit, self.runner = Metrics(), NoAudit(), FakeRunner()
        self.writer = EventWriter(db=db, bus=MemoryBus())
        self.lifecycle = Lifecycle(clock=clock, texts=MessageCatalog(Language.EN))
        self.scans = ScanService(
            settings=self.settings,
            db=db,
            clock=clock,
            event_writer=self.writer,
            lifecycle=self.lifecycle,
            audit=self.audit,  # type: ignore[arg-type] # remembers alone
            runner=self.runner,
            targets=EngineTargetParser(),
        )
        self.parts = self._build(lease or SoleProcess())

    def _build(self, lease: Lease) -> SiteParts:
        return build_sites(
            self.settings,
            db=self.db,
            bus=MemoryBus(),
            clock=self.clock,
            texts=MessageCatalog(Language.EN),
            audit=self.audit,  # type: ignore[arg-type] # remembers alone
            metrics=self.metrics,
            lease=lease,
            scans=self.scans,
            orders=OrderService(scans=self.scans),
        )

    def add_user(self, name: str = "mei", *, is_active: bool = True) -> Principal:
        row = {
            "id": new_id(),
            "username": name,
            "email": f"{name}@example.com",
            "password_hash": "x",
            "role": "user",
            "is_active": is_active,
            "token_version": 1,
            "created_at": self.clock.now(),
        }
        self.db.write_sync(lambda c: c.execute(insert(users).values(**row)) and None)
        return Principal(row["id"], name, "user")

    def add(self, owner: Principal, target: str, **values: Any) -> str:
        """Add a site and return its id."""
        new = NewSite(**{"target_domain": target, "config": {}, "schedule": DAILY, **values})
        row = self.parts.service.row_of(owner, new)
        assert self.db.write_sync(lambda c: self.parts.service.add(c, row, new.tags))
        return str(row["id"])

    def add_many(self, owner: Principal, count: int, **values: Any) -> None:
        """Add so many sites at once."""
        given = {"config": {}, "schedule": DAILY, **values}
        names = (f"site-{number}.example" for number in range(count))
        rows = [(self.parts.service.row_of(owner, NewSite(target_domain=name, **given)), ()) for name in names]
        added = self.db.write_sync(lambda c: self.parts.service.add_all(c, owner.user_id, rows))
        assert all(one.is_new for one in added)

    def site(self, site_id: str) -> Any:
        return self.db.read_sync(lambda c: c.execute(select(managed_sites).where(managed_sites.c.id == site_id)).one())

    def sites(self) -> list[Any]:
        return self.db.read_sync(lambda c: list(c.execute(select(managed_sites))))

    def tasks(self) -> list[Any]:
        """Return all tasks in the order in which they were made."""
        return self.db.read_sync(lambda c: list(c.execute(select(scan_tasks).order_by(scan_tasks.c.id))))

    def unfinished(self) -> list[Any]:
        query = select(scan_tasks).where(UNFINISHED_VISIBLE).order_by(scan_tasks.c.id)
        return self.db.read_sync(lambda c: list(c.execute(query)))

    @staticmethod
    def only(task_id: str) -> Any:
        """Return an update of this task."""
        return scan_tasks.update().where(scan_tasks.c.id == task_id)

    def count(self) -> int:
        return self.db.read_sync(lambda c: c.execute(select(func.count()).select_from(scan_tasks)).scalar_one())

    def end_some(self, limit: int) -> int:
        """Have the first scans end without what a worker does; return how many were unfinished before."""

        def work(connection: Any) -> int:
            query = select(scan_tasks.c.id).where(UNFINISHED_VISIBLE).order_by(scan_tasks.c.id)
            ids = list(connection.execute(query).scalars())
            some = scan_tasks.c.id.in_(ids[:limit])
            connection.execute(
                scan_tasks.update().where(some).values(status="completed", completed_at=self.clock.now())
            )
            return len(ids)

        return self.db.write_sync(work)

    async def look(self, seconds: float = 0) -> None:
        """Let so much time go by, then have the scheduler look."""
        self.clock.advance(seconds)
        await self.parts.scheduler.look()

    async def look_for(self, seconds: float, *, every_s: float = 10) -> None:
        for _ in range(round(seconds / every_s)):
            await self.look(every_s)

    async def go_to(self, moment: datetime) -> None:
        await self.look((moment - self.clock.now()).total_seconds())

    async def finish(self, task: Any, result: Result = Result.CLEAN) -> None:
        """Carry out a scan, as a worker does."""
        await self.writer.write(self.lifecycle.claim(task.id, task.attempt, "w", task.target_domain))
        unit = self.lifecycle.complete(task.id, task.attempt, Statistics(), verdict=Verdict(result, ()))
        assert await self.writer.write(unit) is not None


def at(hours: float, minutes: float = 0) -> datetime:
    """Return the moment so long after the beginning of every world."""
    return START + timedelta(hours=hours, minutes=minutes)
