"""What all tasks have left, and names in them."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import bindparam, select

from app.core.principal import Principal
from app.domain.findings import FindingId
from app.domain.tasks import TaskStatus
from app.domain.violations import RiskLevel, ViolationKey
from app.events.tables import scan_runs, scan_tasks
from app.findings.queries import findings
from app.findings.tables import decisions
from app.findings.tables import findings as findings_table
from app.overview import queries as overview
from app.scans.queries.runs import RUN_COLUMNS
from app.site_counts.service import recount
from tests.support.clock import FakeClock
from tests.support.cpu_time import least_cpu_s
from tests.support.rows import add_user
from tests.support.violations import new_violation, write_violations
from tests.unit.scans.queries.test_tasks import add_task


class World:
    def __init__(self, db):
        self.db = db
        self.clock = FakeClock()
        self.owners = {name: add_user(db, self.clock, name) for name in ("mei", "li")}
        self.now = self.clock.now()

    def principal(self, name):
        return Principal(self.owners[name], name, "user")

    def add(self, owner, domain, hours, **values):
        """A task that ended so many hours from now on; None: it has not."""
        at = None if hours is None else self.now + timedelta(hours=hours)
        status = values.pop("status", TaskStatus.COMPLETED if at else TaskStatus.RUNNING)
        values = {"status": status, "completed_at": at, "target_domain": domain, **values}
        return add_task(self.db, self.owners[owner], self.now + timedelta(hours=hours or 0), **values)

    def keep(self, task_id, run, hours, *, conclusive=True, **values):
        def work(connection):
            row = connection.execute(scan_tasks.select().where(scan_tasks.c.id == task_id)).one()
            kept = {name: getattr(row, name) for name in RUN_COLUMNS}
            kept |= {"task_id": task_id, "run": run, "attempt": run, "completed_at": self.now + timedelta(hours=hours)}
            kept |= {"conclusive": conclusive, "capture_bytes": 0, "status": "completed", **values}
            connection.execute(scan_runs.insert().values(**kept))

        self.db.write_sync(work)

    def find(self, task_id, domain, *, run=1, key="gambling", risk="high", at=None, **values):
        fields = {"violation_key": ViolationKey(key), "url": "u", "found_on": "f", "needs_review": False, **values}
        found = new_violation(domain, risk_level=RiskLevel(risk), **fields)
        self.db.write_sync(lambda c: write_violations(c, task_id, found, at=at or self.now, run=run))

    def decide(self, owner, target, domain, hours, *, state="dismissed", kinds=("gambling",), **more):
        row = {
            "user_id": self.owners[owner], "target_domain": target, "domain": domain, "cause": kinds[0], "kinds": kinds,
            "state": state, "decided_by": "x", "decided_by_name": "x", "version": 1,
            "decided_at": self.now + timedelta(hours=hours), **more,
        }  # fmt: skip
        finding = FindingId(ViolationKey(kinds[0]), domain)

        def work(connection):
            connection.execute(decisions.insert().values(**row))
            findings.decide(connection, self.owners[owner], target, finding, self.clock.now().date())

        self.db.write_sync(work)

    def recount(self, now=None):
        """Count every site anew, as each change does."""
        tasks = select(scan_tasks.c.user_id, scan_tasks.c.target_domain).distinct()
        for row in self.db.read_sync(lambda c: list(c.execute(tasks))):
            self.db.write_sync(lambda c, site=tuple(row): recount(c, site, now=now or self.now))

    def domains(self, name, text):
        found = self.db.read_sync(lambda c: overview.findings_with(c, self.principal(name), text, 9))
        return [(row.task_id, row.domain) for row in found]


@pytest.fixture
def world(db):
    return World(db)


def test_targets_are_found_by_a_part_of_their_name_the_newest_first_and_nobody_elses(world):
    old, new = world.add("mei", "shop.example.test", 1), world.add("mei", "shop.test", 2)
    world.add("mei", "other.test", 3)
    world.add("li", "shop.li.test", 4)

    def found(text):
        return [
            row.id for row in world.db.read_sync(lambda c: overview.targets_with(c, world.principal("mei"), text, 9))
        ]

    assert found("shop") == [new, old]
    assert found("example") == [old]
    assert found("s%p") == []


def test_a_task_with_many_findings_hides_none_of_the_others(world, monkeypatch):
    monkeypatch.setattr(overview, "MAX_FINDINGS", 2)
    few, many = world.add("mei", "few.test", 1), world.add("mei", "many.test", 2)
    for number, risk in enumerate(("low", "high", "critical")):
        world.find(many, f"{number}.bad.test", risk=risk)
    world.find(few, "other.bad.test")
    assert world.domains("mei", "bad.test") == [(many, "2.bad.test"), (many, "1.bad.test"), (few, "other.bad.test")]


def test_characters_that_stand_for_others_are_searched_as_they_are(world):
    task = world.add("mei", "a.test", 1)
    world.find(task, "casino_1.test")
    assert world.domains("mei", "o_1") == [(task, "casino_1.test")]
    for text in ("c_sino", "c%o", "casino/"):
        assert world.domains("mei", text) == []


def test_a_search_does_not_build_its_statements_again(world):
    """That took eight times as long as all the rest: nineteen times what as many plain statements take."""
    for hours in range(200):
        world.add("mei", "a.test", hours)
    one = select(findings_table.c.domain).where(findings_table.c.task_id == bindparam("task"))

    def plain(connection):
        for _ in range(200):
            connection.execute(one, {"task": "x"}).all()

    def cost_s(work):
        return least_cpu_s(lambda: world.db.read_sync(work), enough_s=0)

    search = partial(overview.findings_with, principal=world.principal("mei"), text="nothing", limit=9)
    search_s, plain_s = (cost_s(work) for work in (search, plain))
    assert search_s < 6 * plain_s, (search_s, plain_s)


def test_domains_are_found_in_the_results_that_stand(world):
    kept, plain, foreign = (
        world.add("mei", "a.test", 1, run=3),
        world.add("mei", "b.test", 2),
        world.add("li", "c.test", 3),
    )
    world.keep(kept, 1, 1)
    world.keep(kept, 2, 2)
    world.keep(kept, 3, 3, conclusive=False)
    for run in (1, 2, 3):
        world.find(kept, f"casino{run}.test", run=run)
    world.find(plain, "casino.test")
    world.find(plain, "casino.dismissed.test")
    world.decide("mei", "b.test", "casino.dismissed.test", 3)
    world.find(foreign, "casino.foreign.test")
    assert world.domains("mei", "casino") == [(plain, "casino.test"), (kept, "casino2.test")]
    assert world.domains("li", "casino") == [(foreign, "casino.foreign.test")]
    assert world.domains("mei", "foreign") == []
