"""Which third parties there are on all sites, and which sites use one: one read each."""

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import insert

from app.core.errors import InvalidInput, NotFound
from app.core.paging import Paging
from app.inventory.party_service import PartyInventoryService
from app.inventory.tables import site_parties
from tests.unit.overview.test_queries import World
from tests.unit.scans.queries.test_tasks import ADMIN


@pytest.fixture
def world(db):
    return World(db)


@pytest.fixture
def service(world):
    return PartyInventoryService(db=world.db)


def add(world, domain, *targets, owner="mei", hours=0, **more):
    at = world.now + timedelta(hours=hours)
    values = {
        "domain": domain, "user_id": world.owners[owner], "is_present": True, "category": "ads", "relation": "script",
        "reference_count": 2, "hidden": 0, "page": "", "script": "", "outcome": "examined", "registrar": "",
        "registered_on": "", "title": "", "first_seen_at": at, "last_seen_at": at, "task_id": "t", "attempt": 1,
        "run": 1, **more,
    }  # fmt: skip
    rows = [{**values, "target_domain": target} for target in targets]
    world.db.write_sync(lambda c: c.execute(insert(site_parties), rows) and None)


@pytest.fixture
def filled(world):
    add(world, "ads.test", "a.test", "b.test", "c.test", hours=1)
    add(world, "new.test", "a.test", hours=5, category="unknown")
    add(world, "ads.test", "z.test", owner="li", hours=3, registrar="Names", registered_on="2011-04-12", title="Ads")
    add(world, "gone.test", "a.test", is_present=False)
    add(world, "ads.test", "old.test", is_present=False)
    return world


async def read(service, principal, paging=None, **more):
    document = await service.list_page(principal, paging or Paging(), **{"category": None, **more})
    return orjson.loads(b"".join(document))


async def get(service, principal, domain, paging=None):
    return orjson.loads(b"".join(await service.get(principal, domain, paging or Paging())))


def told(document):
    return [(item["domain"], item["sites"]) for item in document["items"]]


async def test_third_parties_come_by_the_number_of_sites_and_everybody_sees_their_own(service, filled):
    document = await read(service, filled.principal("mei"))
    assert (told(document), document["total"]) == ([("ads.test", 3), ("new.test", 1)], 2)
    assert told(await read(service, filled.principal("li"))) == [("ads.test", 1)]
    assert told(await read(service, ADMIN)) == [("ads.test", 4), ("new.test", 1)]


async def test_a_list_is_searched_filtered_sorted_and_paged(service, filled):
    mei = filled.principal("mei")
    assert told(await read(service, mei, Paging(q="NEW"))) == [("new.test", 1)]
    assert told(await read(service, mei, category="unknown")) == [("new.test", 1)]
    assert told(await read(service, mei, sort="-first_seen_at")) == [("new.test", 1), ("ads.test", 3)]
    page = await read(service, mei, Paging(2, 1), sort="domain")
    assert (told(page), page["total"]) == ([("new.test", 1)], 2)
    with pytest.raises(InvalidInput) as refused:
        await read(service, mei, sort="page")
    assert refused.value.code == "invalid_sort"


async def test_one_is_shown_with_all_sites_that_have_it_then_those_that_had_it(service, filled):
    document = await get(service, filled.principal("mei"), "ads.test")
    sites = [(item["target_domain"], item["is_present"]) for item in document["items"]]
    assert sites == [("a.test", True), ("b.test", True), ("c.test", True), ("old.test", False)]
    assert (document["sites"], document["total"], document["registrar"]) == (3, 4, None)
    assert document["first_seen_at"] < document["last_seen_at"]
    everybody = await get(service, ADMIN, "ads.test", Paging(q="z."))
    assert [item["target_domain"] for item in everybody["items"]] == ["z.test"]
    assert (everybody["registrar"], everybody["registered_on"], everybody["title"]) == ("Names", "2011-04-12", "Ads")


async def test_the_risk_on_a_site_is_that_of_its_worst_finding_that_nobody_has_dismissed(service, world):
    mei = world.principal("mei")
    for target in ("a.test", "b.test"):
        task_id = world.add("mei", target, 1)
        world.keep(task_id, 1, 1)
        world.find(task_id, "ads.test", key="gambling", risk="critical")
        world.find(task_id, "ads.test", key="fraud", risk="medium")
        add(world, "ads.test", target, task_id=task_id)
    add(world, "ads.test", "c.test")
    world.decide("mei", "b.test", "ads.test", 2)
    document = await get(service, mei, "ads.test")
    risks = {item["target_domain"]: item["risk_level"] for item in document["items"]}
    assert risks == {"a.test": "critical", "b.test": "medium", "c.test": None}


async def test_one_that_no_site_had_is_not_found_and_neither_is_anothers(service, filled):
    assert (await get(service, filled.principal("mei"), "gone.test"))["sites"] == 0
    for principal, domain in ((ADMIN, "nowhere.test"), (filled.principal("li"), "new.test")):
        with pytest.raises(NotFound):
            await get(service, principal, domain)
