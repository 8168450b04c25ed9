"""Which third parties there are on all sites, of which services they are, and which sites use one: one read each."""

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import insert

from app.core.errors import InvalidInput, NotFound
from app.core.paging import Paging
from app.inventory import party_service as module
from app.inventory.party_service import DEFAULT_SORT, PartyInventoryService
from app.inventory.queries.parties import VERSION
from app.inventory.queries.party_totals import SORTABLE, PartyFilter
from app.inventory.tables import party_changes, site_inventories, site_parties, site_services
from tests.unit.overview.test_queries import World
from tests.unit.scans.queries.test_tasks import ADMIN


@pytest.fixture
def world(db):
    return World(db)


@pytest.fixture
def service(world):
    return PartyInventoryService(db=world.db)


def add(world, domain, *targets, owner="mei", hours=0, services=(), **more):
    """`services`: name and category of each."""
    at = world.now + timedelta(hours=hours)
    values = {
        "domain": domain, "user_id": world.owners[owner], "is_present": True, "category": "ads", "relation": "script",
        "reference_count": 2, "hidden": 0, "page": "", "script": "", "outcome": "examined", "registrar": "",
        "registered_on": "", "title": "", "first_seen_at": at, "last_seen_at": at, "task_id": "t", "attempt": 1,
        "run": 1, **more,
    }  # fmt: skip
    rows = [{**values, "target_domain": target} for target in targets]
    rows = [{**row, "has_service": bool(services)} for row in rows]
    kept = [
        {name: row[name] for name in row if name in site_services.c} | {"service": service, "category": category}
        for row in rows
        for service, category in services
    ]

    def work(connection):
        connection.execute(insert(site_parties), rows)
        for row in kept:
            connection.execute(insert(site_services), row)

    world.db.write_sync(work)


def list_site(world, *targets, owner="mei", task_id="t"):
    site = {"user_id": world.owners[owner], "task_id": task_id, "attempt": 1, "completed_at": world.now}
    site |= {"version": VERSION, "run": 1}
    rows = [{**site, "target_domain": target} for target in targets]
    world.db.write_sync(lambda c: c.execute(insert(site_inventories), rows) and None)


def change(world, domain, target, hours, before, after, *, owner="mei", task_id="t", **more):
    values = {
        "user_id": world.owners[owner], "target_domain": target, "task_id": task_id, "run": 1, "number": hours,
        "attempt": 1, "at": world.now + timedelta(hours=hours), "domain": domain, "section": "content",
        "aspect": "registrar", "name": domain, "before": before, "after": after, "url": "", **more,
    }  # fmt: skip
    world.db.write_sync(lambda c: c.execute(insert(party_changes), values) and None)


@pytest.fixture
def filled(world):
    add(world, "ads.test", "a.test", "b.test", "c.test", hours=1)
    add(world, "new.test", "a.test", hours=5, category="unknown")
    add(world, "ads.test", "z.test", owner="li", hours=3, registrar="Names", registered_on="2011-04-12", title="Ads")
    add(world, "gone.test", "a.test", is_present=False)
    add(world, "ads.test", "old.test", is_present=False)
    return world


async def read(service, principal, paging=None, /, **more):
    paging, sort = paging or Paging(), more.pop("sort", DEFAULT_SORT)
    wanted = PartyFilter(q=paging.q.lower(), **more)
    return orjson.loads(b"".join(await service.list_page(principal, paging, wanted, sort=sort)))


async def get(service, principal, domain, paging=None):
    return orjson.loads(b"".join(await service.get(principal, domain, paging or Paging(), language="en")))


async def read_services(service, principal, paging=None, **more):
    document = await service.list_services(principal, paging or Paging(), **{"category": None, **more})
    return orjson.loads(b"".join(document))


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


@pytest.fixture
def judged(world):
    return list_judged(world)


def list_judged(world):
    """Two sites with findings, of which some are dismissed; `pages` refer to each third party."""
    for target, pages in (("a.test", 7), ("b.test", 1)):
        task_id = world.add("mei", target, 1)
        world.keep(task_id, 1, 1)
        for domain, key, risk in (
            ("casino.test", "gambling", "critical"),
            ("clean.test", "gambling", "high"),
            ("mild.test", "fraud", "low"),
        ):
            if (target, domain) != ("b.test", "mild.test"):
                world.find(task_id, domain, key=key, risk=risk)
        for domain in ("casino.test", "clean.test", "mild.test", "none.test"):
            add(world, domain, target, task_id=task_id, page_count=pages + len(domain))
        list_site(world, target, task_id=task_id)
        world.decide("mei", target, "clean.test", 2)
    world.decide("mei", "b.test", "casino.test", 2)
    add(world, "old.test", "a.test", task_id="before")
    return world


async def test_each_has_its_worst_open_risk_and_the_number_of_pages_that_refer_to_it(service, judged):
    found = {item["domain"]: item for item in (await read(service, judged.principal("mei")))["items"]}
    risks = {name: item["risk_level"] for name, item in found.items()}
    assert risks == {
        "casino.test": "critical", "clean.test": None, "mild.test": "low", "none.test": None, "old.test": None,
    }  # fmt: skip
    assert found["casino.test"]["pages"] == 7 + 1 + 2 * len("casino.test")
    assert found["old.test"]["pages"] is None  # nobody has counted them
    other = await read(service, judged.principal("li"))
    assert other == {"items": [], "total": 0}


async def test_the_worst_risk_comes_first_then_what_most_sites_use(service, judged):
    mei = judged.principal("mei")
    expected = ["casino.test", "mild.test", "clean.test", "none.test", "old.test"]
    for who in (mei, ADMIN):
        document = await read(service, who, sort="-risk")
        assert ([item["domain"] for item in document["items"]], document["total"]) == (expected, 5)
    pages = [await read(service, mei, Paging(number, 2), sort="-risk") for number in (1, 2, 3)]
    assert [item["domain"] for page in pages for item in page["items"]] == expected
    assert {page["total"] for page in pages} == {5}


async def test_what_most_pages_refer_to_comes_first(service, judged):
    document = await read(service, judged.principal("mei"), sort="-pages")
    assert [item["domain"] for item in document["items"]] == [
        "casino.test", "clean.test", "mild.test", "none.test", "old.test",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        ("critical", ["casino.test"]),
        ("low", ["mild.test"]),
        ("high", []),  # dismissed
        ("any", ["casino.test", "mild.test"]),
        ("none", ["clean.test", "none.test", "old.test"]),
    ],
)
async def test_a_list_is_filtered_by_risk_in_every_order(service, judged, risk, expected):
    for sort in SORTABLE:
        document = await read(service, judged.principal("mei"), risk=risk, sort=sort)
        assert (sorted(item["domain"] for item in document["items"]), document["total"]) == (expected, len(expected))


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


# Services

STATISTICS, MAPS, ANALYTICS = ("百度统计", "analytics"), ("Maps", "maps"), ("Google Analytics", "analytics")


@pytest.fixture
def used(world):
    """On a.test and b.test: statistics at a domain that has other hosts too. Only c.test links to that domain."""
    add(world, "search.test", "a.test", "b.test", services=[STATISTICS, MAPS])
    add(world, "search.test", "c.test", hours=1)
    add(world, "statistics.test", "b.test", hours=2, services=[STATISTICS])
    add(world, "own.test", "c.test", category="unknown")
    add(world, "gone.test", "a.test", is_present=False, services=[ANALYTICS])
    add(world, "search.test", "z.test", owner="li", services=[ANALYTICS])
    list_site(world, "a.test", "b.test", "c.test")
    list_site(world, "z.test", owner="li")
    return world


async def test_a_service_has_its_third_parties_and_sites_and_what_has_none_is_counted(service, used):
    document = await read_services(service, used.principal("mei"))
    told = [(item["service"], item["category"], item["domains"], item["sites"]) for item in document["items"]]
    assert told == [("Maps", "maps", 1, 2), ("百度统计", "analytics", 2, 2)]
    assert (document["total"], document["unknown"]) == (2, {"domains": 2, "sites": 1})
    first = document["items"][1]
    assert first["first_seen_at"] < first["last_seen_at"]
    everybody = await read_services(service, ADMIN, sort="service")
    assert [item["service"] for item in everybody["items"]] == ["Google Analytics", "Maps", "百度统计"]


async def test_services_are_searched_filtered_sorted_and_paged(service, used):
    mei = used.principal("mei")

    async def names(paging=None, **more):
        return [item["service"] for item in (await read_services(service, mei, paging, **more))["items"]]

    assert await names(Paging(q=" mAp ")) == ["Maps"]
    assert await names(category="analytics") == ["百度统计"]
    assert await names(sort="-domains") == ["百度统计", "Maps"]
    assert await names(sort="-first_seen_at") == ["Maps", "百度统计"]
    assert await names(Paging(2, 1)) == ["百度统计"]
    with pytest.raises(InvalidInput) as refused:
        await names(sort="domain")
    assert refused.value.code == "invalid_sort"


async def test_third_parties_of_a_service_come_with_the_sites_that_use_it_there(service, used):
    mei = used.principal("mei")
    assert told(await read(service, mei, service="百度统计")) == [("search.test", 2), ("statistics.test", 1)]
    assert told(await read(service, mei, service="百度统计", category="analytics")) == []
    assert told(await read(service, mei, service="Google Analytics")) == []
    without = await read(service, mei, service="unknown")
    assert (told(without), without["total"]) == ([("own.test", 1), ("search.test", 1)], 2)
    items = {item["domain"]: item["services"] for item in (await read(service, mei))["items"]}
    assert items == {"own.test": [], "search.test": ["Maps", "百度统计"], "statistics.test": ["百度统计"]}
    assert (await get(service, mei, "search.test"))["services"] == ["Maps", "百度统计"]


async def test_the_sites_that_use_a_service_are_one_read(service, used):
    async def sites(principal, name, paging=None):
        document = await service.list_service_sites(principal, name, paging or Paging())
        found = orjson.loads(b"".join(document))
        return [(item["target_domain"], item["domains"]) for item in found["items"]], found["total"]

    mei = used.principal("mei")
    assert await sites(mei, "百度统计") == ([("a.test", 1), ("b.test", 2)], 2)
    assert await sites(mei, "百度统计", Paging(2, 1)) == ([("b.test", 2)], 2)
    assert await sites(mei, "百度统计", Paging(q="B.")) == ([("b.test", 2)], 1)
    assert await sites(mei, "Google Analytics") == ([], 0)
    assert await sites(ADMIN, "Google Analytics") == ([("z.test", 1)], 1)


# Changes


async def test_changes_come_newest_first_each_as_the_first_scan_has_found_it(service, filled):
    task_id = filled.add("mei", "a.test", 1)
    change(filled, "ads.test", "a.test", 1, "Names", "Other", task_id=task_id)
    change(filled, "ads.test", "b.test", 2, "Names", "Other")
    change(filled, "ads.test", "b.test", 3, "Other", "Names")
    change(filled, "ads.test", "a.test", 4, "Names", "Other")
    change(
        filled, "ads.test", "a.test", 5, "", "expired", section="certificates", aspect="problem", name="www.ads.test"
    )
    change(filled, "ads.test", "z.test", 6, "Names", "Of li", owner="li")
    change(filled, "other.test", "a.test", 7, "Names", "Other")
    document = await get(service, filled.principal("mei"), "ads.test")
    found = [(item["aspect"], item["before"], item["after"], item["target_domain"]) for item in document["changes"]]
    assert found == [
        ("problem", "", "expired", "a.test"),
        ("registrar", "Names", "Other", "a.test"),
        ("registrar", "Other", "Names", "b.test"),
        ("registrar", "Names", "Other", "a.test"),
    ]
    assert document["changes_total"] == 4
    assert [item["task_id"] for item in document["changes"]] == [None, None, None, task_id]  # others do not exist
    assert document["changes"][-1]["text"] == "The registrar of ads.test is now Other (previously Names)."
    assert "www.ads.test" in document["changes"][0]["text"]
    assert (await get(service, ADMIN, "ads.test"))["changes_total"] == 5


async def test_only_the_newest_changes_are_in_one_response(service, filled, monkeypatch):
    monkeypatch.setattr(module, "MAX_CHANGES", 2)
    for number in range(4):
        change(filled, "ads.test", "a.test", number, str(number), str(number + 1))
    document = await get(service, filled.principal("mei"), "ads.test")
    assert ([item["after"] for item in document["changes"]], document["changes_total"]) == (["4", "3"], 4)
