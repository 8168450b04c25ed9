"""Dismissals expire: everywhere on the same day, once, and whether or not anything runs when the day begins."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.core.config import Settings
from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.lease import LeaseLost, SoleProcess
from app.domain.findings import FindingId
from app.domain.violations import ViolationKey
from app.findings import expiry as expiry_module
from app.findings.expiry import DecisionExpiry
from app.findings.queries import decisions as decision_queries
from app.findings.tables import decisions, findings
from app.site_counts import queries as sites
from tests.unit.overview.test_queries import World
from tests.unit.scans.queries.test_tasks import ADMIN

DAY_S = 86_400


class Audit:
    """Keeps what is recorded."""

    def __init__(self):
        self.rows = []

    def record(self, action, **row):
        self.rows.append((action, row["detail"]))


class Scene:
    """Sites with dismissals that expire in so many days, each of a finding at the domain of that name."""

    def __init__(self, db):
        self.world = World(db)
        self.audit = Audit()
        self.changed = []
        self.today = self.world.now.date()

    def expiry(self, **parts):
        """As a process has it."""
        with_defaults = {"db": self.world.db, "lease": SoleProcess(), **parts}
        return DecisionExpiry(
            clock=self.world.clock,
            settings=Settings(),
            audit=self.audit,
            on_change=self.changed.append,
            **with_defaults,
        )

    def scan(self, target, *domains, owner="mei"):
        task_id = self.world.add(owner, target, 1)
        number = len(domains)
        self.world.keep(task_id, 1, 1, finding_counts={"total": number, "high": number, "needs_review": number})
        for domain in domains:
            self.world.find(task_id, domain, needs_review=True)
        return task_id

    def dismiss(self, target, domain, days, *, owner="mei", **more):
        expires_on = None if days is None else self.today + timedelta(days=days)
        self.world.decide(owner, target, domain, 2, expires_on=expires_on, **more)
        self.world.recount()

    def states(self, domain):
        """Of the findings at this domain, in all scans."""
        query = select(findings.c.state).where(findings.c.domain == domain)
        return self.world.db.read_sync(lambda c: list(c.execute(query).scalars()))

    def open_now(self):
        """Of all sites, as the overview counts."""
        counts = self.world.db.read_sync(lambda c: sites.totals(c, ADMIN, ()))[sites.NOW]
        return counts["total"], counts["high"], counts["needs_review"]

    def audited(self):
        assert {action for action, _ in self.audit.rows} <= {"finding.expire"}
        return sorted((detail["target_domain"], detail["finding"]) for _, detail in self.audit.rows)


@pytest.fixture
def scene(db):
    return Scene(db)


async def test_on_its_day_a_dismissed_finding_is_open_in_every_scan_and_every_count(scene):
    for _ in range(2):
        scene.scan("a.test", "x.test", "y.test")
    scene.dismiss("a.test", "x.test", 30)
    scene.dismiss("a.test", "y.test", None)
    assert (scene.states("x.test"), scene.open_now()) == (["dismissed"] * 2, (0, 0, 0))
    scene.world.clock.advance(30 * DAY_S)
    await scene.expiry().look()
    assert (scene.states("x.test"), scene.states("y.test")) == (["open"] * 2, ["dismissed"] * 2)
    assert scene.open_now() == (1, 1, 1)
    assert scene.changed == [scene.world.owners["mei"]]


async def test_the_days_on_which_it_was_dismissed_keep_their_counts(scene):
    scene.scan("a.test", "x.test", "y.test")
    scene.dismiss("a.test", "x.test", 3)
    scene.world.clock.advance(5 * DAY_S)
    await scene.expiry().look()
    for _ in range(2):  # counting again changes nothing
        days = [scene.today + timedelta(days=number) for number in range(6)]
        changes = scene.world.db.read_sync(lambda c: sites.totals(c, ADMIN, days))  # noqa: B023 - run at once
        assert {day: counts["total"] for day, counts in changes.items()} == {
            scene.today: 1,
            scene.today + timedelta(days=3): 1,
            sites.NOW: 2,
        }
        scene.world.recount(scene.world.clock.now())


async def test_what_was_open_before_its_dismissal_expired_was_never_less(scene):
    """It was reopened by another kind of violation meanwhile."""
    task_id = scene.scan("a.test", "x.test")
    scene.dismiss("a.test", "x.test", 3)
    scene.world.find(task_id, "x.test", key="hidden_link", needs_review=True)
    scene.world.clock.advance(5 * DAY_S)
    await scene.expiry().look()
    changes = scene.world.db.read_sync(lambda c: sites.totals(c, ADMIN, [scene.today]))
    assert {day: counts["total"] for day, counts in changes.items()} == {scene.today: 1, sites.NOW: 1}


async def test_it_holds_until_the_day_begins_in_utc(scene):
    scene.scan("a.test", "x.test")
    scene.dismiss("a.test", "x.test", 1)
    midnight = scene.world.now.replace(hour=0, minute=0, second=0) + timedelta(days=1)
    scene.world.clock.advance((midnight - scene.world.now).total_seconds() - 1)
    await scene.expiry().look()
    assert (scene.states("x.test"), scene.audit.rows) == (["dismissed"], [])
    scene.world.clock.advance(1)
    await scene.expiry().look()
    assert scene.states("x.test") == ["open"]


async def test_a_scan_that_writes_late_with_the_time_of_the_day_before_does_not_dismiss_it_again(scene):
    """It waited for the database over midnight, or its machine's clock is behind."""
    scene.scan("a.test", "x.test")
    scene.dismiss("a.test", "x.test", 1)
    scene.world.clock.advance(DAY_S)
    await scene.expiry().look()
    running = scene.world.add("mei", "a.test", None)
    scene.world.find(running, "x.test", at=scene.world.now)
    assert scene.states("x.test") == ["open"] * 2


async def test_what_has_expired_while_nothing_ran_is_opened_by_the_next_process_once(scene):
    scene.scan("a.test", "x.test")
    scene.dismiss("a.test", "x.test", 30)
    scene.world.clock.advance(400 * DAY_S)
    for _ in range(2):  # two starts
        await scene.expiry().look()
    assert scene.states("x.test") == ["open"]
    assert scene.audit.rows == [
        (
            "finding.expire",
            {
                "finding": "gambling.x.test",
                "user_id": scene.world.owners["mei"],
                "target_domain": "a.test",
                "expires_on": (scene.today + timedelta(days=30)).isoformat(),
                "version": 1,
            },
        )
    ]


async def test_of_several_processes_one_opens_each_finding(scene, monkeypatch):
    monkeypatch.setattr(expiry_module, "AT_ONCE", 2)
    expected = []
    for target in ("a.test", "b.test", "c.test"):
        names = [f"{number}.{target}" for number in range(3)]
        scene.scan(target, *names)
        for name in names:
            scene.dismiss(target, name, 1)
            expected.append((target, f"gambling.{name}"))
    scene.world.clock.advance(DAY_S)
    await asyncio.gather(*(scene.expiry().look() for _ in range(3)))
    assert scene.audited() == expected
    assert scene.open_now()[0] == 9


class CountingDatabase:
    """Counts its writes."""

    def __init__(self, db):
        self.db = db
        self.read = db.read
        self.writes = 0

    async def write(self, work):
        self.writes += 1
        return await self.db.write(work)


async def test_others_write_in_between(scene, monkeypatch):
    """With a year of daily scans each decision takes 50 ms of the write lock."""
    monkeypatch.setattr(expiry_module, "WRITTEN_AT_ONCE", 2)
    names = [f"{number}.x.test" for number in range(5)]
    for target in ("a.test", "b.test"):
        scene.scan(target, *names)
        for name in names:
            scene.dismiss(target, name, 1)
    scene.world.clock.advance(DAY_S)
    db = CountingDatabase(scene.world.db)
    await scene.expiry(db=db).look()
    assert (db.writes, len(scene.audited()), scene.open_now()[0]) == (6, 10, 10)


async def test_another_owners_dismissal_of_the_same_finding_stays(scene):
    scene.scan("a.test", "x.test")
    foreign = scene.scan("a.test", "x.test", owner="li")
    scene.dismiss("a.test", "x.test", 1)
    scene.dismiss("a.test", "x.test", 90, owner="li")
    scene.world.clock.advance(DAY_S)
    await scene.expiry().look()
    rows = scene.world.db.read_sync(lambda c: c.execute(select(findings.c.task_id, findings.c.state)).all())
    assert {row.state for row in rows if row.task_id == foreign} == {"dismissed"}
    assert {row.state for row in rows if row.task_id != foreign} == {"open"}


@pytest.mark.parametrize("state", ["confirmed", "mending", "open"])
async def test_nothing_but_a_dismissal_expires(scene, state):
    """A server of an older version changes a decision and leaves its day there."""
    scene.scan("a.test", "x.test")
    scene.dismiss("a.test", "x.test", 1, state=state)
    scene.world.clock.advance(DAY_S)
    await scene.expiry().look()
    assert (scene.states("x.test"), scene.audit.rows) == ([state], [])


async def test_what_was_dismissed_again_meanwhile_stays_dismissed(scene):
    scene.scan("a.test", "x.test")
    scene.dismiss("a.test", "x.test", 1)
    scene.world.clock.advance(DAY_S)
    now = scene.world.clock.now()
    (due,) = scene.world.db.read_sync(lambda c: decision_queries.expired(c, now.date(), limit=9))
    renewed = update(decisions).values(version=2, expires_on=now.date() + timedelta(days=30))
    scene.world.db.write_sync(lambda c: c.execute(renewed) and None)
    finding = FindingId(ViolationKey.GAMBLING, "x.test")
    site = (due.user_id, due.target_domain)
    assert not scene.world.db.write_sync(lambda c: decision_queries.mark_expired(c, site, finding, due.version, now))
    await scene.expiry().look()
    assert (scene.states("x.test"), scene.audit.rows) == (["dismissed"], [])


class Lease(SoleProcess):
    held = True

    async def is_held(self):
        return self.held

    def guard(self, connection):
        if not self.held:
            raise LeaseLost("monitor")


class Stop(Exception):
    pass


def rounds(scene, count, **parts):
    """Have the loop end after so many rounds."""
    left = [count]

    async def sleep(seconds):
        left[0] -= 1
        if left[0] == 0:
            raise Stop

    scene.world.clock.sleep = sleep
    return scene.expiry(**parts).keep_current()


async def test_only_the_holder_of_the_lease_acts(scene):
    scene.scan("a.test", "x.test")
    scene.dismiss("a.test", "x.test", 1)
    scene.world.clock.advance(DAY_S)
    lease = Lease()
    lease.held = False
    with pytest.raises(Stop):
        await rounds(scene, 3, lease=lease)
    assert scene.states("x.test") == ["dismissed"]
    lease.held = True
    with pytest.raises(Stop):
        await rounds(scene, 1, lease=lease)
    assert scene.states("x.test") == ["open"]


class FailingDatabase:
    """Raises these, one a read, before it reads."""

    def __init__(self, db, *failures):
        self.db = db
        self.write = db.write
        self.failures = list(failures)

    async def read(self, work):
        if self.failures:
            raise self.failures.pop()
        return await self.db.read(work)


async def test_a_round_that_finds_no_database_or_has_lost_the_lease_is_followed_by_the_next(scene):
    scene.scan("a.test", "x.test")
    scene.dismiss("a.test", "x.test", 1)
    scene.world.clock.advance(DAY_S)
    db = FailingDatabase(scene.world.db, DatabaseUnavailable(Failure.BUSY), LeaseLost("monitor"))
    with pytest.raises(Stop):
        await rounds(scene, 3, db=db)
    assert (db.failures, scene.states("x.test")) == ([], ["open"])
