"""The third parties of every site are listed as the results that stand for it have them."""

import asyncio
import sqlite3
from contextlib import closing

import orjson
import pytest
from sqlalchemy import select, update

from app.core.clock import to_wire
from app.core.lease import LeaseLost, SoleProcess
from app.core.metrics import Metrics
from app.core.paging import Paging
from app.domain.scan_facts import Capture, Reference, Registration, RegistrationState, Relation, ThirdParty, TlsFacts
from app.domain.third_parties import OMITTED
from app.engines.identify.classify import services_at
from app.events.bus.base import TaskHint
from app.events.outbox import Kind
from app.events.tables import outbox, scan_tasks
from app.inventory import keeper as module
from app.inventory.build import build_inventory
from app.inventory.differences import DifferenceFilter, PartyChanges
from app.inventory.tables import party_changes, site_inventories, site_parties, site_services
from app.scans.shown_run import RunRef
from app.scanstore import schema
from app.scanstore.errors import StoreDamaged
from app.scanstore.scan_folder import ScanFolder
from app.scanstore.sqlite import SqliteScanStore
from app.tasks.target_parser import EngineTargetParser
from tests.unit.overview.test_queries import World

PAGE = "http://a.test/"


@pytest.fixture
def world(db):
    return World(db)


class Site:
    """Scans of sites, and what is listed of them."""

    def __init__(self, world, folder):
        self.world, self.folder, self.registrar = world, folder, "Names"
        self.hosts, self.tls = {}, None  # of third parties: by domain; and their certificate
        parts = build_inventory(
            db=world.db,
            guarded=world.db,
            stores=ScanFolder(folder),
            targets=EngineTargetParser(),
            clock=world.clock,
            lease=SoleProcess(),
            metrics=Metrics(),
            services_at=services_at,
        )
        self.keeper, self.differences = parts.keeper, parts.differences

    def scan(self, hours, *domains, owner="mei", target="a.test", omitted=0, **kept):
        """`omitted`: references to third parties for which the scan had no room."""
        task_id = self.world.add(owner, target, hours)
        self.world.keep(task_id, 1, hours, **kept)
        with closing(SqliteScanStore(self.folder / f"{task_id}-1.db")) as store:
            for domain in domains:
                self.write(store, domain)
            if omitted:
                store.put_checkpoint(OMITTED, omitted)
            store.settle()
        self.world.recount()
        return task_id

    def write(self, store, domain):
        url = f"http://{domain}/"
        registration = Registration(
            domain, RegistrationState.REGISTERED, "rdap.test", "2026-12-01", "2011-04-12", registrar=self.registrar
        )
        relation = Relation.MENTION if domain.startswith("mentioned") else Relation.SCRIPT
        store.put_third_party(
            ThirdParty(
                domain,
                self.hosts.get(domain, (domain,)),
                "ads",
                references=3,
                relation=relation,
                hidden=1,
                example_page=PAGE,
            )
        )
        store.put_capture(
            Capture(domain, domain, url, url, 200, title="About", registration=registration, tls=self.tls)
        )
        store.add_references([Reference(PAGE, f"{url}a.js?v=1", "a.js", relation, "script[src]")])

    def rows(self, *names):
        columns = [site_parties.c[name] for name in ("domain", *names)]
        query = select(*columns).order_by(site_parties.c.user_id, site_parties.c.target_domain, site_parties.c.domain)
        return [tuple(row) for row in self.world.db.read_sync(lambda c: c.execute(query).all())]

    def services(self, *names):
        columns = [site_services.c[name] for name in ("domain", "service", *names)]
        query = select(*columns).order_by(site_services.c.domain, site_services.c.service)
        return [tuple(row) for row in self.world.db.read_sync(lambda c: c.execute(query).all())]

    def changes(self):
        names = ("domain", "aspect", "name", "before", "after", "task_id")
        query = select(*(party_changes.c[name] for name in names)).order_by(party_changes.c.at, party_changes.c.number)
        return [tuple(row) for row in self.world.db.read_sync(lambda c: c.execute(query).all())]

    def forget_services(self):
        """As after an upgrade from a version that listed none, and kept no history."""

        def work(connection):
            connection.execute(site_services.delete())
            connection.execute(party_changes.delete())
            connection.execute(site_parties.update().values(has_service=False))
            connection.execute(site_inventories.update().values(version=0))

        self.world.db.write_sync(work)

    def listed(self):
        query = select(site_inventories.c.target_domain, site_inventories.c.task_id)
        return [tuple(row) for row in self.world.db.read_sync(lambda c: c.execute(query).all())]

    def told(self):
        """The outbox: what of third parties is to be told, and how often that was noted."""
        query = select(outbox).where(outbox.c.kind == Kind.CHANGED).order_by(outbox.c.created_at)
        return self.world.db.read_sync(lambda c: c.execute(query).all())


@pytest.fixture
def site(world, tmp_path):
    site = Site(world, tmp_path)
    with closing(site.differences):
        yield site


async def test_what_an_older_version_has_listed_is_listed_again_with_the_pages_that_refer_to_it(site):
    task_id = site.scan(1, "b.test")
    await site.keeper.look()

    def as_before(connection):
        connection.execute(site_parties.update().values(page_count=None))
        connection.execute(site_inventories.update().values(version=1, run=None))

    site.world.db.write_sync(as_before)
    changes, seen = site.changes(), site.rows("first_seen_at", "last_seen_at", "memory")
    await site.keeper.look()
    assert site.rows("page_count") == [("b.test", 1)]
    assert site.world.db.read_sync(lambda c: c.execute(select(site_inventories.c.run)).scalars().all()) == [1]
    assert (site.changes(), site.rows("first_seen_at", "last_seen_at", "memory")) == (changes, seen)
    assert site.listed() == [("a.test", task_id)]
    assert site.told() == []


async def test_a_site_is_listed_with_what_is_known_of_each_third_party(site):
    task_id = site.scan(1, "b.test", "mentioned.test")
    await site.keeper.look()
    ((domain, *facts),) = site.rows(
        "is_present", "category", "relation", "reference_count", "hidden", "page", "script", "registrar",
        "registered_on", "title", "task_id",
    )  # fmt: skip
    assert domain == "b.test"
    assert facts == [
        True, "ads", "script", 3, 1, PAGE, "http://b.test/a.js", "Names", "2011-04-12", "About", task_id,
    ]  # fmt: skip
    assert site.listed() == [("a.test", task_id)]


async def test_the_next_results_say_what_is_there_and_since_when_stays(site):
    site.scan(1, "b.test", "c.test")
    await site.keeper.look()
    second = site.scan(2, "c.test", "d.test")
    await site.keeper.look()
    first_at, second_at = (site.world.now.replace(hour=site.world.now.hour + hours) for hours in (1, 2))
    assert site.rows("is_present", "first_seen_at", "last_seen_at") == [
        ("b.test", False, first_at, first_at),
        ("c.test", True, first_at, second_at),
        ("d.test", True, second_at, second_at),
    ]
    assert site.listed() == [("a.test", second)]


async def test_a_difference_has_the_times_of_the_inventory(site):
    """A third party that is back since the last scan is not first seen now, whatever the scan before had."""
    for hours, domains in enumerate((["b.test"], [], ["b.test"]), start=1):
        task_id = site.scan(hours, *domains)
        await site.keeper.look()
    document = await site.differences.read(
        site.world.principal("mei"),
        RunRef(task_id),
        None,
        language="en",
        paging=Paging(),
        only=DifferenceFilter(),
    )
    (item,) = orjson.loads(b"".join(document))["items"]
    ((_, *times),) = site.rows("first_seen_at", "last_seen_at")
    assert [item["first_seen_at"], item["last_seen_at"]] == [to_wire(time) for time in times]
    assert times == [site.world.now.replace(hour=site.world.now.hour + hours) for hours in (1, 3)]


async def test_what_is_listed_is_not_read_again(site, monkeypatch):
    site.scan(1, "b.test")
    await site.keeper.look()
    monkeypatch.setattr(site.keeper, "stores", None)
    await site.keeper.look()
    assert len(site.rows()) == 1


async def test_a_scan_that_is_not_conclusive_does_not_replace_one_that_is(site):
    first = site.scan(1, "b.test")
    site.scan(2, conclusive=False)
    await site.keeper.look()
    assert (site.rows("is_present"), site.listed()) == ([("b.test", True)], [("a.test", first)])


async def test_each_owner_has_a_list_of_their_own_and_pieces_are_small(site, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 3)
    site.scan(1, *(f"b{number}.test" for number in range(8)))
    site.scan(1, "b0.test", owner="li")
    await site.keeper.look()
    assert len(site.rows()) == 9
    site.scan(2)
    await site.keeper.look()
    assert [row[1] for row in site.rows("is_present")].count(False) == 8


async def test_a_site_that_is_gone_is_forgotten(site, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 2)
    task_id = site.scan(1, *(f"b{number}.test" for number in range(5)))
    site.scan(1, "c.test", target="other.test")
    await site.keeper.look()
    deleted = update(scan_tasks).where(scan_tasks.c.id == task_id).values(deleted_at=site.world.now)
    site.world.db.write_sync(lambda c: c.execute(deleted) and None)
    site.world.recount()
    await site.keeper.look()
    assert [row[0] for row in site.rows()] == ["c.test"]
    assert [name for name, _ in site.listed()] == ["other.test"]


async def test_a_site_that_is_gone_before_it_was_listed_in_full_is_forgotten(site, monkeypatch):
    """Its store became unreadable behind the first third parties, and then its scan was deleted."""
    monkeypatch.setattr(module, "PIECE", 2)
    site.hosts["b0.test"] = ("hm.baidu.com",)
    task_id = site.scan(1, *(f"b{number}.test" for number in range(5)))
    pieces = []
    read = module._found_of

    def read_once(*args):
        if pieces:
            raise StoreDamaged("b")
        pieces.append(1)
        return read(*args)

    monkeypatch.setattr(module, "_found_of", read_once)
    await site.keeper.look()
    assert len(site.rows()) == 2
    deleted = update(scan_tasks).where(scan_tasks.c.id == task_id).values(deleted_at=site.world.now)
    site.world.db.write_sync(lambda c: c.execute(deleted) and None)
    site.world.recount()
    await site.keeper.look()
    assert (site.rows(), site.services(), site.listed()) == ([], [], [])


async def test_another_owner_of_a_third_party_is_noted_once_for_those_who_want_to_be_told(site):
    site.scan(1, "b.test", "c.test")
    await site.keeper.look()
    site.registrar = "Other names"
    task_id = site.scan(2, "b.test", "c.test")
    for _ in range(2):
        await site.keeper.look()
    (row,) = site.told()
    assert (row.subject_id, row.number, row.version) == (task_id, 1, 1)
    change = {"section": "content", "change": "changed", "aspect": "registrar", "url": "", "is_unconfirmed": False}
    change |= {"before": "Names", "after": "Other names"}
    assert row.detail == {
        "user_id": site.world.owners["mei"],
        "target_domain": "a.test",
        "task_id": task_id,
        "attempt": 1,
        "total": 2,
        "changes": [{**change, "name": name} for name in ("b.test", "c.test")],
    }


async def test_what_was_there_before_the_sites_were_listed_is_no_news(site):
    site.scan(1, "b.test")
    site.registrar = "Other names"
    site.scan(2, "b.test")
    await site.keeper.look()
    assert site.told() == []


async def test_what_stands_again_when_a_scan_is_deleted_is_no_news(site):
    site.scan(1, "b.test")
    await site.keeper.look()
    site.registrar = "Other names"
    site.scan(2, "b.test")
    third = site.scan(3, "b.test")
    await site.keeper.look()
    ((task_id,),) = [(row.subject_id,) for row in site.told()]
    assert task_id == third  # what differs from the results that were listed, the scan in between left out
    deleted = update(scan_tasks).where(scan_tasks.c.id == third).values(deleted_at=site.world.now)
    site.world.db.write_sync(lambda c: c.execute(deleted) and None)
    site.world.recount()
    await site.keeper.look()
    assert len(site.told()) == 1


async def test_scans_that_cannot_be_compared_are_listed_after_an_hour(site, monkeypatch):
    first = site.scan(1, "b.test")
    await site.keeper.look()
    open_reader = schema.open_reader

    def without_a_descriptor(path):
        if first in path.name:
            raise sqlite3.OperationalError("unable to open database file")
        return open_reader(path)

    monkeypatch.setattr(schema, "open_reader", without_a_descriptor)
    second = site.scan(2, "b.test")
    await site.keeper.look()
    assert site.listed() == [("a.test", first)]  # it may be said later
    site.world.clock.advance(4 * 3_600)
    await site.keeper.look()
    assert (site.listed(), site.told()) == ([("a.test", second)], [])


async def test_a_scan_whose_results_are_damaged_is_not_waited_for(site):
    first = site.scan(1, "b.test")
    await site.keeper.look()
    (site.folder / f"{first}-1.db").write_bytes(b"no store" * 1_000)
    second = site.scan(2, "b.test")
    await site.keeper.look()
    assert (site.listed(), site.told()) == ([("a.test", second)], [])


async def test_a_store_that_is_missing_leaves_what_was_listed(site):
    site.scan(1, "b.test")
    await site.keeper.look()
    second = site.scan(2)
    (site.folder / f"{second}-1.db").unlink()
    await site.keeper.look()
    assert (site.rows("is_present"), site.listed()) == ([("b.test", True)], [("a.test", second)])


async def test_the_end_of_a_scan_is_heard(site):
    site.keeper.on_hint(TaskHint("t", "u", 5, "running"))
    assert not site.keeper._has_ended.is_set()
    site.keeper.on_hint(TaskHint("t", "u", 6, "completed"))
    assert site.keeper._has_ended.is_set()


async def test_a_lease_that_is_lost_meanwhile_ends_the_look_and_not_the_keeper(site, monkeypatch):
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(module, "SOON_S", 0.0)
    guards = []

    def guard(_connection):
        guards.append(1)
        if len(guards) == 1:
            raise LeaseLost("monitor")

    site.keeper.db = site.world.db.guarded(guard)
    task_id = site.scan(1, "b.test")
    keeping = asyncio.create_task(site.keeper.keep_current())
    async with asyncio.timeout(30):
        while site.listed() != [("a.test", task_id)] and not keeping.done():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert len(guards) > 1


BAIDU = ("hm.baidu.com", "api.map.baidu.com", "www.unlisted.test")


async def test_the_services_of_a_third_party_are_those_of_its_hosts(site):
    site.hosts["baidu.com"] = BAIDU
    task_id = site.scan(1, "baidu.com", "b.test")
    await site.keeper.look()
    assert site.services("category", "is_present", "task_id") == [
        ("baidu.com", "百度地图", "maps", True, task_id),
        ("baidu.com", "百度统计", "analytics", True, task_id),
    ]
    assert site.rows("has_service") == [("b.test", False), ("baidu.com", True)]


async def test_a_service_that_is_no_longer_there_is_kept_and_marked(site):
    site.hosts["baidu.com"] = BAIDU
    site.scan(1, "baidu.com")
    await site.keeper.look()
    site.hosts["baidu.com"] = BAIDU[:1]
    site.scan(2, "baidu.com")
    await site.keeper.look()
    first_at, second_at = (site.world.now.replace(hour=site.world.now.hour + hours) for hours in (1, 2))
    assert site.services("is_present", "first_seen_at", "last_seen_at") == [
        ("baidu.com", "百度地图", False, first_at, first_at),
        ("baidu.com", "百度统计", True, first_at, second_at),
    ]


async def test_sites_that_an_older_version_has_listed_are_listed_again_without_news(site):
    site.hosts["baidu.com"] = BAIDU[:1]
    site.scan(1, "baidu.com")
    await site.keeper.look()
    site.registrar = "Other names"
    second = site.scan(2, "baidu.com")
    await site.keeper.look()
    expected = [("baidu.com", "registrar", "baidu.com", "Names", "Other names", second)]
    assert site.changes() == expected
    site.forget_services()
    for _ in range(2):
        await site.keeper.look()
    first_at = site.world.now.replace(hour=site.world.now.hour + 1)
    assert site.services("first_seen_at") == [("baidu.com", "百度统计", first_at)]
    assert site.rows("has_service") == [("baidu.com", True)]
    assert (site.changes(), len(site.told())) == (expected, 1)  # from the comparison that is stored


async def test_the_history_after_an_upgrade_has_the_comparison_with_the_scan_before(site):
    """People may have compared a scan with any other."""
    first = site.scan(1, "b.test")
    for hours, registrar in ((2, "Second"), (3, "Third")):
        site.registrar = registrar
        last = site.scan(hours, "b.test")
        await site.keeper.look()
    await site.differences.read(
        site.world.principal("mei"),
        RunRef(last),
        RunRef(first),
        language="en",
        paging=Paging(),
        only=DifferenceFilter(),
    )
    site.forget_services()
    await site.keeper.look()
    assert site.changes() == [("b.test", "registrar", "b.test", "Second", "Third", last)]


async def test_changes_since_what_an_older_version_has_listed_are_told_as_ever(site):
    site.scan(1, "b.test")
    await site.keeper.look()
    site.forget_services()
    site.registrar = "Other names"
    second = site.scan(2, "b.test")
    await site.keeper.look()
    assert site.changes() == [("b.test", "registrar", "b.test", "Names", "Other names", second)]
    assert [row.subject_id for row in site.told()] == [second]


async def test_another_certificate_is_history_of_the_domain_and_no_news(site):
    site.hosts["b.test"] = ("www.b.test",)
    names = ("b.test", "www.b.test")
    site.tls = TlsFacts(issuer="Old authority", names=names)
    site.scan(1, "b.test")
    await site.keeper.look()
    site.tls = TlsFacts(issuer="New authority", names=(*names, "shop.b.test"))
    second = site.scan(2, "b.test")
    await site.keeper.look()
    ((domain, aspect, _, before, after, task_id),) = site.changes()
    assert (domain, aspect, task_id) == ("b.test", "issuer", second)
    assert ("old" in before.lower(), "new" in after.lower()) == (True, True)
    assert site.told() == []


async def test_services_and_changes_of_a_site_that_is_gone_are_forgotten(site, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 2)
    site.hosts["baidu.com"] = BAIDU
    domains = ["baidu.com", *(f"b{number}.test" for number in range(5))]
    tasks = [site.scan(1, *domains)]
    await site.keeper.look()
    site.registrar = "Other names"
    tasks.append(site.scan(2, *domains))
    await site.keeper.look()
    assert len(site.changes()) == 6
    deleted = update(scan_tasks).where(scan_tasks.c.id.in_(tasks)).values(deleted_at=site.world.now)
    site.world.db.write_sync(lambda c: c.execute(deleted) and None)
    site.world.recount()
    await site.keeper.look()
    assert (site.rows(), site.services(), site.changes(), site.listed()) == ([], [], [], [])


async def test_of_too_many_absent_third_parties_those_that_one_scan_has_found_are_forgotten_first(site, monkeypatch):
    """A hacked page links to other names in each scan: they do not displace a partner that has been there for long."""
    monkeypatch.setattr(module, "MAX_ABSENT", 3)
    monkeypatch.setattr(module, "PIECE", 2)
    site.hosts["baidu.com"] = BAIDU
    for hours, domains in enumerate(
        (("partner.test", "old.test"), ("partner.test", "old.test"), ("partner.test", "baidu.com"), ("new.test",)), 1
    ):
        site.scan(hours, *domains)
        await site.keeper.look()
    assert [name for name, *_ in site.rows()] == ["baidu.com", "new.test", "old.test", "partner.test"]
    site.scan(5, "flood1.test", "flood2.test", "flood3.test")
    await site.keeper.look()
    site.scan(6)
    await site.keeper.look()
    assert [name for name, *_ in site.rows()] == ["flood3.test", "old.test", "partner.test"]
    assert site.services() == []


async def test_beyond_the_limit_of_the_list_what_it_has_is_still_found_and_only_new_names_are_left_out(
    site, monkeypatch
):
    """Those late in the alphabet are not absent because a hacked page links to thousands of other names."""
    monkeypatch.setattr(module, "PIECE", 1)
    site.hosts["zz.baidu.test"] = BAIDU
    site.scan(1, "partner.test", "mentioned.test", "old.test", "zz.baidu.test")
    await site.keeper.look()
    monkeypatch.setattr(module, "MAX_PARTIES", 2)
    second = site.scan(2, "flood1.test", "flood2.test", "flood3.test", "partner.test", "zz.baidu.test", "zzz.test")
    await site.keeper.look()
    assert site.rows("is_present") == [
        ("flood1.test", True), ("flood2.test", True), ("old.test", False), ("partner.test", True),
        ("zz.baidu.test", True),
    ]  # fmt: skip
    assert {task_id for name, task_id in site.rows("task_id") if name != "old.test"} == {second}
    assert [is_present for *_, is_present in site.services("is_present")] == [True, True]


async def test_beyond_the_limit_of_the_list_what_was_absent_once_is_found_again(site, monkeypatch):
    for hours, names in enumerate((("partner.test", "zz.test"), ("partner.test",)), 1):
        site.scan(hours, *names)
        await site.keeper.look()
    monkeypatch.setattr(module, "MAX_PARTIES", 2)
    monkeypatch.setattr(module, "PIECE", 1)
    third = site.scan(3, "flood1.test", "flood2.test", "flood3.test", "partner.test", "zz.test")
    await site.keeper.look()
    assert ("zz.test", True, third) in site.rows("is_present", "task_id")
    assert ("flood3.test",) not in site.rows()


async def test_what_a_scan_had_no_room_for_is_neither_absent_nor_kept_without_end(site, monkeypatch):
    monkeypatch.setattr(module, "MAX_ABSENT", 2)
    site.hosts["baidu.com"] = BAIDU
    for hours in (1, 2):
        second = site.scan(hours, "partner.test", "baidu.com")
        await site.keeper.look()
    for hours in (3, 4):
        site.scan(hours, f"flood{hours}.test", omitted=7)
        await site.keeper.look()
        assert ("partner.test", True, second) in site.rows("is_present", "task_id")
    assert [name for name, *_ in site.rows()] == ["baidu.com", "flood4.test", "partner.test"]
    site.scan(5, "flood5.test")
    await site.keeper.look()
    assert site.rows("is_present") == [("baidu.com", False), ("flood5.test", True), ("partner.test", False)]


async def test_a_first_list_that_was_interrupted_is_forgotten_with_its_site(site, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 2)
    task_id = site.scan(1, "b.test", "c.test", "d.test")
    site.keeper._note_absent = None  # it ends after the third parties are written
    await site.keeper.look()
    del site.keeper._note_absent
    assert len(site.rows()) == 3
    deleted = update(scan_tasks).where(scan_tasks.c.id == task_id).values(deleted_at=site.world.now)
    site.world.db.write_sync(lambda c: c.execute(deleted) and None)
    site.world.recount()
    await site.keeper.look()
    assert (site.rows(), site.listed()) == ([], [])


async def test_a_first_list_that_was_interrupted_is_listed_without_news(site):
    site.scan(1, "b.test")
    site.keeper._note_absent = None
    await site.keeper.look()
    del site.keeper._note_absent
    await site.keeper.look()
    assert (len(site.rows()), site.told()) == (1, [])


async def test_a_site_that_cannot_be_listed_for_an_unknown_reason_keeps_no_other_from_it(site):
    """What pages, registries and lists say can always trip over something: that must not silence all other sites."""
    failures = []
    site.keeper.on_failure = failures.append
    site.scan(1, "broken.test", target="a.test")
    task_id = site.scan(1, "b.test", target="b.test")
    services = site.keeper.services_at

    def services_at(hosts):
        if "broken.test" in hosts:
            raise TypeError
        return services(hosts)

    site.keeper.services_at = services_at
    await site.keeper.look()
    assert (failures, ("b.test", task_id) in site.listed()) == (["inventory"], True)
    site.keeper.services_at = services
    await site.keeper.look()
    assert [name for name, *_ in site.rows()] == ["broken.test", "b.test"]


async def test_the_changes_of_owners_come_first_in_a_notification(site, monkeypatch):
    """Many changed pages, whose names come first, must not displace what is more urgent."""
    monkeypatch.setattr(module, "SHOWN_CHANGES", 1)

    def item(name, aspect):
        fields = dict.fromkeys(module.NOTIFIED_FIELDS, "")
        return {**fields, "section": "content", "change": "changed", "name": name, "domain": name, "aspect": aspect}

    async def changed_parties(*_):
        return PartyChanges([item("a.test", "title"), item("b.test", "registered_on")])

    site.scan(1, "b.test")
    await site.keeper.look()
    site.scan(2, "b.test")
    site.keeper.changed_parties = changed_parties
    await site.keeper.look()
    ((told, *_),) = [row.detail["changes"] for row in site.told()]
    assert told["name"] == "b.test"
