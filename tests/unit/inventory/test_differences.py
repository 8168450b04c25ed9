"""Two scans are compared when somebody asks, once; later the answer is read."""

import asyncio
import threading
from contextlib import closing
from dataclasses import asdict

import orjson
import pytest
from sqlalchemy import update

from app.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from app.core.paging import Paging
from app.domain.differences import Change, Section
from app.domain.page_looks import DIGITS
from app.domain.rechecks import Recheck, with_recheck
from app.domain.risk import stated
from app.domain.scan_facts import Capture, Relation, ThirdParty
from app.domain.tasks import TaskStatus
from app.domain.violations import RiskLevel
from app.findings.tables import findings
from app.inventory import differences as module
from app.inventory.differences import DifferenceFilter, DifferenceService
from app.inventory.tables import scan_differences
from app.scans.result_reader import READS_AT_ONCE
from app.scans.shown_run import RunRef
from app.scanstore.scan_folder import ScanFolder
from app.scanstore.sqlite import SqliteScanStore
from app.tasks.target_parser import EngineTargetParser
from tests.unit.overview.test_queries import World

ALL = DifferenceFilter()


class CountedStores(ScanFolder):
    """How often a store was opened."""

    def __init__(self, path):
        super().__init__(path)
        self.opened = 0

    def reader(self, task_id, run):
        self.opened += 1
        return super().reader(task_id, run)


@pytest.fixture
def world(db):
    return World(db)


@pytest.fixture
def stores(tmp_path):
    return CountedStores(tmp_path)


@pytest.fixture
def compared():
    """What was counted of each comparison."""
    return []


@pytest.fixture
def service(world, stores, compared):
    with closing(
        DifferenceService(
            db=world.db, stores=stores, targets=EngineTargetParser(), clock=world.clock, on_compared=compared.append
        )
    ) as opened:
        yield opened


def scan(world, folder, hours, *domains, target="a.test", **values):
    """A scan that found these third parties."""
    task_id = world.add("mei", target, hours, started_at=world.now, **values)
    if hours is not None:
        world.keep(task_id, 1, hours)
    with closing(SqliteScanStore(folder / f"{task_id}-1.db")) as store:
        for domain in domains:
            store.put_third_party(ThirdParty(domain, (domain,), relation=Relation.LINK))
        store.settle()
    return task_id


async def read(service, world, task_id, against=None, *, who="mei", paging=None, only=ALL):
    document = await service.read(
        world.principal(who),
        RunRef(task_id),
        None if against is None else RunRef(against),
        language="en",
        paging=paging or Paging(),
        only=only,
    )
    return orjson.loads(b"".join(document))


def names(document):
    return [(item["section"], item["change"], item["name"]) for item in document["items"]]


async def test_it_is_made_once_and_kept(service, world, stores, tmp_path):
    first = scan(world, tmp_path, 1, "b.test", "c.test")
    second = scan(world, tmp_path, 2, "c.test", "d.test")
    document = await read(service, world, second)
    assert names(document) == [("third_parties", "new", "d.test"), ("third_parties", "not_seen", "b.test")]
    assert (document["changes"], document["not_seen"], document["total"]) == (1, 1, 2)
    assert (document["scan"]["task_id"], document["against"]["task_id"]) == (second, first)
    assert stores.opened == 2
    assert await read(service, world, second) == document
    assert stores.opened == 2


async def test_a_comparison_is_counted_once_with_what_it_found(service, world, tmp_path, compared):
    scan(world, tmp_path, 1, "b.test")
    second = scan(world, tmp_path, 2, "new1.test", "new2.test")
    await asyncio.gather(*(read(service, world, second) for _ in range(3)))
    await read(service, world, second)
    assert compared == [{"third_parties": {"new": 2, "not_seen": 1}}]


async def test_several_who_ask_at_once_compare_once(service, world, stores, tmp_path):
    scan(world, tmp_path, 1, "b.test")
    second = scan(world, tmp_path, 2)
    answers = await asyncio.gather(*(read(service, world, second) for _ in range(6)))
    assert all(answer == answers[0] for answer in answers)
    assert stores.opened <= 2 * READS_AT_ONCE + 4  # who comes behind opens the later one, and reads what was kept


async def test_another_version_is_made_anew(service, world, stores, tmp_path, monkeypatch):
    scan(world, tmp_path, 1, "b.test")
    second = scan(world, tmp_path, 2)
    await read(service, world, second)
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    await read(service, world, second)
    assert stores.opened == 4


async def test_the_first_scan_is_compared_with_none(service, world, tmp_path):
    document = await read(service, world, scan(world, tmp_path, 1, "b.test"))
    assert (document["against"], document["items"], document["counts"], document["changes"]) == (None, [], {}, 0)


async def test_how_both_scans_ended_is_said_since_a_cancelled_one_did_not_check_everything(service, world, tmp_path):
    scan(world, tmp_path, 1, "b.test")
    cancelled = scan(world, tmp_path, 2, "b.test", status=TaskStatus.CANCELLED)
    document = await read(service, world, cancelled)
    assert (document["scan"]["status"], document["against"]["status"]) == ("cancelled", "completed")


async def test_any_other_scan_of_the_target_can_be_named(service, world, tmp_path):
    first = scan(world, tmp_path, 1, "b.test")
    scan(world, tmp_path, 2)
    third = scan(world, tmp_path, 3, "b.test", "c.test")
    document = await read(service, world, third, first)
    assert names(document) == [("third_parties", "new", "c.test")]
    assert document["items"][0]["text"] == "New third party: c.test."


async def test_a_list_is_filtered_and_paged(service, world, tmp_path):
    scan(world, tmp_path, 1, "gone.test")
    second = scan(world, tmp_path, 2, *(f"new{number}.test" for number in range(5)))
    page = await read(service, world, second, paging=Paging(2, 2), only=DifferenceFilter(change=Change.NEW))
    assert ([item["name"] for item in page["items"]], page["total"]) == (["new2.test", "new3.test"], 5)
    assert (await read(service, world, second, only=DifferenceFilter(Section.HOSTS)))["total"] == 0
    assert names(await read(service, world, second, paging=Paging(q="NEW3"))) == [("third_parties", "new", "new3.test")]


def capture(folder, task_id, title, look):
    with closing(SqliteScanStore(folder / f"{task_id}-1.db")) as store:
        store.put_capture(Capture("b.test", "b.test", "http://b.test/", "http://b.test/", 200, title=title, look=look))
        store.settle()


@pytest.mark.parametrize("is_confirmed", [False, True])
async def test_what_a_page_showed_once_is_no_difference_to_the_scans_before_and_after(
    service, world, tmp_path, is_confirmed
):
    scans = [scan(world, tmp_path, hours, "b.test") for hours in (1, 2, 3)]
    shown = [("News", "0" * DIGITS), ("Casino", "f" * DIGITS), ("News", "0" * DIGITS)]
    for task_id, (title, look) in zip(scans, shown, strict=True):
        capture(tmp_path, task_id, title, look)
    world.find(scans[1], "b.test")
    if not is_confirmed:
        reasons = [asdict(reason) for reason in with_recheck(stated(RiskLevel.HIGH), Recheck.NOT_CONFIRMED).reasons]
        world.db.write_sync(lambda c: c.execute(update(findings).values(reasons=reasons)) and None)
    for task_id in scans[1:]:
        sections = {item["section"] for item in (await read(service, world, task_id))["items"]}
        assert sections == ({"content", "findings"} if is_confirmed else set())


class WatchedFilter:
    """A filter that notes which threads ask what it lets through."""

    change = None

    def __init__(self):
        self.threads = set()

    @property
    def section(self):
        self.threads.add(threading.current_thread())
        return Section.THIRD_PARTIES


async def test_what_is_kept_is_decoded_and_filtered_in_a_thread(service, world, tmp_path):
    scan(world, tmp_path, 1)
    second = scan(world, tmp_path, 2, "new.test")
    for _ in ("made", "kept"):
        only = WatchedFilter()
        assert (await read(service, world, second, only=only))["total"] == 1
        assert only.threads
        assert threading.current_thread() not in only.threads


async def test_who_asks_for_the_first_ones_or_for_none_decodes_no_others(service, world, tmp_path):
    scan(world, tmp_path, 1)
    second = scan(world, tmp_path, 2, *(f"{number:04}.test" for number in range(2_000)))
    whole = await read(service, world, second, paging=Paging(page_size=1))
    (row,) = world.db.read_sync(lambda c: c.execute(scan_differences.select()).all())
    beginning = row.body[: len(row.body) // 2]
    world.db.write_sync(lambda c: c.execute(scan_differences.update().values(body=beginning)) and None)
    assert await read(service, world, second, paging=Paging(page_size=1)) == whole
    assert (await read(service, world, second, only=DifferenceFilter(Section.HOSTS)))["total"] == 0
    with pytest.raises(EOFError):
        await read(service, world, second, paging=Paging(page_size=2_000))


async def test_more_than_can_be_kept_are_counted(service, world, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT", 3)
    scan(world, tmp_path, 1)
    second = scan(world, tmp_path, 2, *(f"new{number}.test" for number in range(5)))
    document = await read(service, world, second)
    assert (document["truncated"], document["total"], document["changes"]) == (True, 3, 5)


async def test_what_cannot_be_compared_is_refused(service, world, tmp_path):
    other = scan(world, tmp_path, 1, target="b.test")
    running = scan(world, tmp_path, None)
    ended = scan(world, tmp_path, 2)
    with pytest.raises(InvalidInput) as refused:
        await read(service, world, ended, other)
    assert refused.value.code == "against_other_target"
    for asked in ((running, None), (ended, running)):
        with pytest.raises(Conflict) as early:
            await read(service, world, *asked)
        assert early.value.code == "scan_not_ended"
    for asked in ((ended, "0" * 36), ("0" * 36, ended)):
        with pytest.raises(NotFound):
            await read(service, world, *asked)
    with pytest.raises(NotFound):
        await read(service, world, ended, who="li")


async def test_a_store_that_is_missing_is_said_and_nothing_is_kept(service, world, stores, tmp_path, compared):
    first = scan(world, tmp_path, 1, "b.test")
    second = scan(world, tmp_path, 2)
    path = tmp_path / f"{first}-1.db"
    moved = path.rename(tmp_path / "elsewhere")
    with pytest.raises(Unavailable) as missing:
        await read(service, world, second)
    assert missing.value.code == "results_unavailable"
    moved.rename(path)
    assert (await read(service, world, second))["total"] == 1
    assert compared == [None, {"third_parties": {"not_seen": 1}}]
