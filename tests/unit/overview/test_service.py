"""What is made of all runs: which results stand for a site, what was open on a day, and what is the worst."""

import asyncio
import json
from datetime import timedelta

import pytest

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.principal import Principal
from app.domain.findings import COUNTED
from app.domain.messages import Language
from app.domain.tasks import TaskStatus
from app.events.bus.base import AccessHint, TaskHint
from app.overview import service as overview
from app.overview.service import KEEP_S, MAX_SITES, OverviewService
from app.site_counts import queries as sites
from app.site_counts.service import TREND_DAYS, recount
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.unit.overview.test_queries import World
from tests.unit.scans.queries.test_tasks import ADMIN

CLEAN, UNKNOWN = {"result": "clean", "reasons": []}, {"result": "inconclusive", "reasons": ["start_page"]}
DAY = 24


def counts(**by_risk):
    return {**dict.fromkeys(COUNTED, 0), "total": sum(by_risk.values()), **by_risk}


@pytest.fixture
async def world(database_url):
    db = Database(database_url)
    create_tables(db)
    world = World(db)
    db.write_sync(lambda c: sites.note_filled(c, world.now))
    yield world
    await db.close()


def ended(world, domain, hours, found, *, owner="mei", conclusive=True, **values):
    task_id = world.add(owner, domain, hours)
    world.keep(task_id, 1, hours, finding_counts=found, conclusive=conclusive, **values)
    world.db.write_sync(lambda c: recount(c, (world.owners[owner], domain), now=world.now))
    return task_id


async def read(world, principal=ADMIN, *, days=0, service=None):
    world.recount()
    today = (world.now + timedelta(days=days)).date()
    reader = OverviewService(db=world.db, clock=SystemClock())
    return await shown(reader, principal, today=today, service=service)


async def shown(reader, principal, *, today, service=None):
    found = await reader.read(principal, today=today, language=Language.EN, service=service)
    return json.loads(b"".join(found))


async def test_the_newest_conclusive_scan_stands_and_the_last_one_says_its_verdict(world):
    ended(world, "a.test", 1, counts(high=5))
    stands = ended(world, "a.test", 2, counts(high=2), verdict={"result": "violations", "reasons": []})
    last = ended(world, "a.test", 3, counts(), conclusive=False, verdict=UNKNOWN)
    found = await read(world)
    (site,) = found["sites"]
    assert (site["task_id"], site["verdict"]["result"]) == (last, "inconclusive")
    assert (site["shown_task_id"], site["finding_counts"]) == (stands, counts(high=2))
    assert found["finding_counts"] == {"total": 2, "critical": 0, "high": 2, "medium": 0, "low": 0, "needs_review": 0}


async def test_without_a_conclusive_scan_the_last_one_is_all_there_is(world):
    ended(world, "a.test", 1, counts(low=1), conclusive=False)
    last = ended(world, "a.test", 2, counts(medium=1), conclusive=False, status=TaskStatus.FAILED)
    (site,) = (await read(world))["sites"]
    assert (site["shown_task_id"], site["status"], site["finding_counts"]) == (last, "failed", counts(medium=1))


async def test_sites_of_two_users_are_two_and_a_user_sees_their_own(world):
    ended(world, "a.test", 1, counts(high=1), owner="mei")
    ended(world, "a.test", 2, counts(high=2), owner="li")
    everybody, mine = await read(world), await read(world, world.principal("mei"))
    assert (everybody["total_sites"], everybody["finding_counts"]["high"]) == (2, 3)
    assert (mine["total_sites"], mine["finding_counts"]["high"]) == (1, 1)


async def test_the_worst_comes_first_then_what_nobody_knows_then_the_newest(world):
    ended(world, "old.test", 1, counts(), verdict=CLEAN)
    ended(world, "new.test", 2, counts(), verdict=CLEAN)
    ended(world, "unknown.test", 0, counts(), conclusive=False, verdict=UNKNOWN)
    ended(world, "low.test", 1, counts(low=9))
    ended(world, "critical.test", 1, counts(critical=1))
    sites = (await read(world))["sites"]
    order = [site["target_domain"] for site in sites]
    assert order == ["critical.test", "low.test", "unknown.test", "new.test", "old.test"]


async def test_no_more_sites_are_shown_than_a_page_has(world):
    for number in range(MAX_SITES + 2):
        ended(world, f"{number}.test", number, counts())
    found = await read(world)
    assert (len(found["sites"]), found["total_sites"], found["truncated"]) == (MAX_SITES, MAX_SITES + 2, False)


async def test_each_day_has_what_was_open_at_its_end(world):
    ended(world, "a.test", -40 * DAY, counts(high=4))
    ended(world, "a.test", -2 * DAY, counts(high=1))
    ended(world, "b.test", -1 * DAY, counts(low=2))
    ended(world, "a.test", 0, counts(), conclusive=False)
    trend = (await read(world))["trend"]
    assert len(trend) == TREND_DAYS
    assert trend[-1]["day"] == world.now.date().isoformat()
    assert [point["finding_counts"]["total"] for point in trend[-4:]] == [4, 1, 3, 3]
    assert [point["sites"] for point in trend[-4:]] == [1, 1, 2, 2]
    assert trend[0]["finding_counts"]["high"] == 4


async def test_a_dismissal_counts_from_the_day_on_which_it_was_made(world):
    task_id = ended(world, "a.test", -3 * DAY, counts(high=2))
    for name in ("x.test", "y.test"):
        world.find(task_id, name)
    world.decide("mei", "a.test", "x.test", -1 * DAY)
    ended(world, "b.test", -2 * DAY, counts(low=1), owner="li")
    trend = (await read(world))["trend"]
    assert [point["finding_counts"]["total"] for point in trend[-4:]] == [2, 3, 2, 2]
    assert [site["target_domain"] for site in (await read(world))["sites"]] == ["a.test", "b.test"]


async def test_a_site_of_which_everything_is_dismissed_is_the_last(world):
    task_id = ended(world, "a.test", 2, counts(critical=1))
    world.find(task_id, "x.test", risk="critical")
    ended(world, "b.test", 1, counts(low=1))
    assert [site["target_domain"] for site in (await read(world))["sites"]] == ["a.test", "b.test"]
    world.decide("mei", "a.test", "x.test", 3)
    assert [site["target_domain"] for site in (await read(world))["sites"]] == ["b.test", "a.test"]


async def test_what_runs_comes_before_what_waits(world):
    waits = world.add("mei", "w.test", None, status=TaskStatus.PENDING)
    runs = world.add("mei", "r.test", None)
    world.add("li", "l.test", None)
    found = await read(world, world.principal("mei"), service={"status": "ok"})
    assert [task["id"] for task in found["unfinished"]] == [runs, waits]
    assert (found["total_unfinished"], found["service"]) == (2, {"status": "ok"})


async def test_a_search_finds_scans_sites_and_findings_in_any_case(world):
    one, two = world.add("mei", "shop.test", 1), world.add("mei", "shop.test", 2)
    world.find(two, "shop.casino.test", key="hidden_link", risk="medium")
    world.find(two, "shop.casino.test", key="gambling", risk="critical")
    world.find(two, "else.test")
    found = await overview.search(world.db, world.principal("mei"), " SHOP ")
    assert [scan["task_id"] for scan in found["scans"]] == [two, one]
    assert found["sites"] == ["shop.test"]
    (finding,) = found["findings"]
    assert (finding["finding_id"], finding["risk_level"]) == ("gambling.shop.casino.test", "critical")
    assert await overview.search(world.db, Principal("x", "x", "user"), "shop") == {
        "scans": [],
        "sites": [],
        "findings": [],
    }


class Kept:
    """A reader of overviews that counts how often it looks into the database."""

    def __init__(self, world):
        self.world = world
        self.clock = FakeClock()
        self.looks = 0
        self.reader = OverviewService(db=self, clock=self.clock)

    async def read(self, work, *, user_id):
        self.looks += 1
        return await self.world.db.read(work, user_id=user_id)

    async def sites(self, principal=ADMIN, service=None):
        found = await shown(self.reader, principal, today=self.world.now.date(), service=service)
        assert found["service"] == service
        return found["total_sites"]


@pytest.fixture
def kept(world):
    return Kept(world)


async def test_all_who_look_at_the_same_moment_or_soon_after_share_one_look(world, kept):
    ended(world, "a.test", 1, counts(high=1))
    assert await asyncio.gather(*(kept.sites(service={"number": number}) for number in range(40))) == [1] * 40
    kept.clock.advance(KEEP_S - 0.1)
    assert (await kept.sites(), kept.looks) == (1, 1)
    kept.clock.advance(0.2)
    assert (await kept.sites(), kept.looks) == (1, 2)


async def test_each_viewer_has_an_overview_of_their_own(world, kept):
    ended(world, "a.test", 1, counts(high=1))
    assert [await kept.sites(principal) for principal in (ADMIN, world.principal("mei"), world.principal("li"))] == [
        1,
        1,
        0,
    ]
    assert kept.looks == 3


async def test_what_happens_to_a_scan_is_seen_at_once_and_how_far_it_is_after_a_moment(world, kept):
    mei, li = world.principal("mei"), world.principal("li")

    def hint(status):
        kept.reader.on_hint(TaskHint("task-1", mei.user_id, 1, status))

    for step, looks in (("pending", 1), ("running", 2), ("running", 2), ("running", 2), ("completed", 3)):
        hint(step)
        await kept.sites(mei)
        assert kept.looks == looks
    await kept.sites(li)
    hint("completed")
    await kept.sites(li)
    assert kept.looks == 4  # what one user's scans do is nothing to another
    kept.reader.on_hint(AccessHint(li.user_id))
    await kept.sites(li)
    assert kept.looks == 5


async def test_a_decision_is_seen_at_once_by_the_owner_and_by_administrators(world, kept):
    mei = world.principal("mei")
    for principal in (mei, ADMIN):
        await kept.sites(principal)
    kept.reader.note_change(mei.user_id)
    for principal in (mei, ADMIN):
        await kept.sites(principal)
    assert kept.looks == 4
