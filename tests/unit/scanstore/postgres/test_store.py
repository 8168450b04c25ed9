"""What is PostgreSQL's own: attempts that shut each other out, connections that break, texts that it cannot hold."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from app.domain.coverage import Seen
from app.domain.scan_facts import FrontierUrl, Hop, HopKind, HostFact, PageFact, Reference, Relation, UrlState
from app.engines.ports import ScanStore
from app.scanstore.errors import StoreStale, StoreUnavailable
from app.scanstore.postgres import store as module
from app.scanstore.postgres.batch import Batch
from tests.support.postgres_scans import PostgresScan

pytestmark = pytest.mark.system


@pytest.fixture
def scan(postgres_run):
    return postgres_run


def url(number, **more):
    return FrontierUrl(number, f"https://a.test/{number}", f"https://a.test/{number}", "a.test", 0, **more)


def test_the_store_fulfils_the_port(scan):
    store: ScanStore = scan.open()
    store.close()


def test_references_that_a_worker_of_the_version_before_writes_have_their_fields(scan, open_store):
    """It does not know the columns `via` and `loaded_by`, and writes what they hold into the snippet."""
    open_store().settle()
    scan.ask(
        "INSERT INTO scan_refs (store, id, identity, host, page_url, url, raw, relation, kind, dom_path, snippet, text,"
        " hidden, rel, repeats) SELECT id, 1, '\\x00', 'b.test', 'https://a.test/', 'https://b.test/', 'https://b.test/',"
        " 'redirect', 'redirect:http', '', 'https://p.test/', '', NULL, '', 0 FROM scan_stores RETURNING id"
    )
    with scan.reader() as reader:
        (found,) = reader.references()[0]
    assert (found.fact.via, found.fact.snippet, found.fact.loaded_by) == ("https://p.test/", "", ())


# Who may write


def test_an_attempt_that_another_has_taken_over_from_writes_nothing(scan, open_store):
    old = open_store()
    old.add_urls([url(1)])
    old.settle()
    old.add_urls([url(2)])
    old.put_host(HostFact("late.a.test", ("page",)))
    scan.requeue()
    new = open_store()
    assert [found.id for found in new.load_urls()] == [1]
    old.flush()
    with pytest.raises(StoreStale):
        old.settle()
    with pytest.raises(StoreStale):
        old.put_host(HostFact("later.a.test", ("page",)))
    new.add_urls([url(2)])
    new.settle()
    with scan.reader() as reader:
        assert reader.coverage() == (0, 2)
    assert scan.ask("SELECT count(*) FROM scan_hosts") == [(0,)]


def read_ids(scan):
    with closing(scan.open()) as store:
        return [found.id for found in store.load_urls()]


def test_what_an_earlier_attempt_is_just_committing_is_waited_for(scan, open_store):
    """A batch that came in behind what the next attempt has read would give two URLs one number."""
    old = open_store()
    old.add_urls([url(1)])
    old.settle()
    with scan.engine.connect() as other, ThreadPoolExecutor(1) as threads:
        other.exec_driver_sql("BEGIN")
        other.exec_driver_sql("SELECT 1 FROM scan_stores FOR UPDATE")  # the last batch of the earlier attempt
        other.exec_driver_sql(
            "INSERT INTO scan_frontier SELECT store, 2, url, key, host, depth, shape, hops, state, seen, found_on,"
            " links FROM scan_frontier"
        )
        scan.requeue()
        reading = threads.submit(read_ids, scan)
        time.sleep(0.3)
        assert not reading.done()
        other.exec_driver_sql("COMMIT")
        assert reading.result(10) == [1, 2]


@pytest.mark.parametrize("status", ["pending", "completed", "failed", "cancelled"])
def test_nothing_is_written_to_a_task_that_does_not_run(scan, open_store, status):
    store = open_store()
    store.put_host(HostFact("a.test", ("target",)))
    scan.change_task(status=status)
    with pytest.raises(StoreStale):
        store.settle()
    assert scan.ask("SELECT count(*) FROM scan_hosts") == [(0,)]


def test_a_task_that_is_being_cancelled_still_keeps_what_it_has(scan, open_store):
    store = open_store()
    store.put_host(HostFact("a.test", ("target",)))
    scan.change_task(status="cancelling")
    store.settle()
    assert scan.ask("SELECT name FROM scan_hosts") == [("a.test",)]


def test_who_opens_a_store_without_a_claim_disturbs_nobody(scan, open_store):
    """A message that came twice: both processes open the store, one of them claims the attempt."""
    working, late = open_store(), open_store()
    working.put_host(HostFact("a.test", ("target",)))
    working.settle()
    late.close()
    working.put_host(HostFact("b.a.test", ("page",)))
    working.close()
    assert len(scan.ask("SELECT name FROM scan_hosts")) == 2


class Frozen(Batch):
    """Of a process that stands still in the middle of what it copies: PostgreSQL then ends neither statement nor
    transaction, however long that lasts.
    """

    def __init__(self):
        super().__init__()
        self.copies, self.thawed = threading.Event(), threading.Event()

    def __bool__(self):
        return True

    def write(self, cursor, store, ids):
        with cursor.copy("COPY scan_hosts FROM STDIN") as copy:
            copy.write("1")
            self.copies.set()
            self.thawed.wait(60)


def test_an_attempt_that_froze_while_it_copied_holds_up_no_later_one(scan, open_store, monkeypatch):
    monkeypatch.setattr(module, "IDLE_IN_TRANSACTION_S", 1)
    old = open_store()
    old.add_urls([url(1)])
    old.settle()
    old._batch = frozen = Frozen()
    old.flush()
    frozen.copies.wait(60)
    scan.requeue()
    new = open_store()
    new.add_urls([url(2)])
    new.settle()
    assert [found.id for found in new.load_urls()] == [1, 2]
    frozen.thawed.set()
    with pytest.raises(StoreUnavailable):
        old.settle()
    with pytest.raises(StoreStale):
        scan.open(attempt=1)


def test_the_store_of_a_later_attempt_is_not_opened_by_an_earlier_one(scan, open_store):
    scan.requeue()
    open_store().counts()
    with pytest.raises(StoreStale):
        scan.open(attempt=1)


def test_runs_do_not_see_each_other(scan, open_store, postgres_database, tmp_path):
    with closing(PostgresScan(postgres_database, tmp_path, "task-2")) as other:
        second = other.open()
        second.add_page(PageFact("https://a.test/", 0, 200, parsed=True))
        second.close()
        first = open_store()
        first.add_page(PageFact("https://a.test/", 0, 404))
        assert first.counts().pages == 0
        with other.reader() as reader:
            assert [(page.status, page.page_id) for page in reader.pages()[0]] == [(200, 1)]


# When the database is away


def test_a_flush_does_not_wait_and_what_comes_meanwhile_goes_with_the_next(postgres_database, tmp_path):
    with closing(PostgresScan(postgres_database, tmp_path, "patient", busy_timeout_s=30)) as scan:
        flush_while_the_store_is_locked(scan, scan.open())


def flush_while_the_store_is_locked(scan, store):
    store.put_host(HostFact("a.test", ("target",)))
    store.settle()
    with scan.engine.connect() as other:
        other.exec_driver_sql("BEGIN")
        other.exec_driver_sql("SELECT 1 FROM scan_stores FOR UPDATE")
        began = time.monotonic()
        for number in range(50):
            store.put_host(HostFact(f"h{number}.a.test", ("page",)))
            store.flush()
        assert time.monotonic() - began < 20  # one that waits does so for 30
        other.exec_driver_sql("ROLLBACK")
    assert len(store.hosts()) == 51
    store.close()


def test_a_connection_that_breaks_is_said_and_the_next_store_goes_on_from_what_was_settled(scan, open_store):
    store = open_store()
    store.add_urls([url(1)])
    store.settle()
    scan.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    store.add_urls([url(2)])
    with pytest.raises(StoreUnavailable):
        store.settle()
    with pytest.raises(StoreUnavailable):
        store.flush()
    store.close()
    again = open_store()
    assert [found.id for found in again.load_urls()] == [1]


def test_a_server_that_does_not_answer_is_not_waited_for_for_ever(scan, open_store, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    store = open_store()
    store.put_host(HostFact("a.test", ("target",)))
    store.settle()
    with scan.engine.connect() as other:
        other.exec_driver_sql("BEGIN")
        other.exec_driver_sql("SELECT 1 FROM scan_stores FOR UPDATE")
        store.put_host(HostFact("b.a.test", ("page",)))
        store.flush()
        time.sleep(0.3)
        with pytest.raises(StoreUnavailable):
            store.flush()
        other.exec_driver_sql("ROLLBACK")


def test_a_store_that_is_closed_while_it_writes_is_cut_off_and_its_connection_ends_in_the_thread_that_used_it(
    scan, open_store, monkeypatch
):
    """Closed by another thread, memory was freed under the one that was writing: the process died of it at times."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    closed_in = []
    with scan.engine.connect() as other:
        other.exec_driver_sql("BEGIN")
        store = open_store()
        store.put_host(HostFact("a.test", ("target",)))
        store.settle()
        let_go = store._connection.invalidate
        monkeypatch.setattr(
            store._connection, "invalidate", lambda: (closed_in.append(threading.current_thread().name), let_go())
        )
        other.exec_driver_sql("SELECT 1 FROM scan_stores FOR UPDATE")
        store.put_host(HostFact("b.a.test", ("page",)))
        with pytest.raises(StoreUnavailable):
            store.settle()
        store.close()
        assert [name.startswith("scan-store") for name in closed_in] == [True]
        assert store._last.done()
        other.exec_driver_sql("ROLLBACK")
    assert [name for (name,) in scan.ask("SELECT name FROM scan_hosts")] == ["a.test"]


# What pages bring


def test_what_postgresql_has_no_place_for_comes_back(scan, open_store):
    reference = Reference("https://a.test/", "https://b.test/", "\x00raw\x01", Relation.LINK, "a[href]", text="a\x00")
    twin = Reference("https://a.test/", "https://b.test/", "\x00raw\x01", Relation.LINK, "a[href]", text="a\x010")
    store = open_store()
    store.add_references([reference, twin])
    store.add_page(PageFact("https://a.test/", 0, 200, title="\x00"))
    assert list(store.references()) == [reference, twin]
    with scan.reader() as reader:
        assert reader.pages(q="\x00")[1] == 1
        assert reader.references_of("b.test\x00") == []
        assert reader.hosts_of(["b.test\x00"]) == {}


def test_addresses_and_names_of_any_length_are_kept_and_found(scan, open_store):
    source = random.Random(7)  # nothing that could be made shorter
    long = "https://a.test/" + "".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
    host = "".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=5_000)) + ".test"
    store = open_store()
    store.add_urls([FrontierUrl(1, long, long, "a.test", 0)])
    store.add_page(PageFact(long, 0, 200, parsed=True))
    store.add_hops([Hop(long, 302, "", HopKind.HTTP, f"{long}/x")])
    store.add_references([Reference(long, f"https://{host}/", "x", Relation.LINK, "a[href]")])
    store.put_host(HostFact(host, ("page",)))
    store.set_depths({1: 3})
    store.settle()
    with scan.reader() as reader:
        assert reader.page_at(long).depth == 3
        assert reader.hop_from(long) == reader.hop_to(f"{long}/x")
        assert reader.references_on(long)[0][0].page_id == 1


def test_an_url_that_is_answered_in_a_later_batch_or_by_a_later_attempt_has_its_end(scan, open_store):
    store = open_store()
    store.add_urls([url(1), url(2), url(3)])
    store.finish_url(1, UrlState.DONE, [2, 3], seen=Seen.JUDGED)
    store.settle()
    store.finish_url(2, UrlState.DONE, [1], seen=Seen.GONE)
    store.finish_url(1, UrlState.PENDING)
    store.close()
    scan.requeue()
    again = open_store()
    assert list(again.links_of(2)) == [1]  # before all URLs were read
    assert [(found.state, found.seen) for found in again.load_urls()] == [
        (UrlState.PENDING, None),
        (UrlState.DONE, Seen.GONE),
        (UrlState.PENDING, None),
    ]
    assert list(again.links_of(1)) == []
    assert again.url_of(3) == url(3)


def test_a_depth_that_is_set_before_all_urls_were_read_is_kept(scan, open_store):
    store = open_store()
    store.add_urls([url(1), url(2)])
    store.close()
    scan.requeue()
    again = open_store()
    again.put_host(HostFact("a.test", ("page",)))
    again.set_depths({1: 4, 2: 5})
    again.close()
    with closing(scan.open()) as read:
        assert [found.depth for found in read.load_urls()] == [4, 5]


def test_more_rows_than_are_read_at_a_time_come_in_order(open_store, monkeypatch):
    store = open_store()
    count = module.CHUNK + 10
    store.add_urls(url(number, found_on=number - 1) for number in range(1, count + 1))
    store.add_references(
        Reference("https://a.test/", f"https://b.test/{number}", "x", Relation.LINK, "a[href]")
        for number in range(count)
    )
    store.close()
    again = open_store()
    assert [found.found_on for found in again.load_urls()] == list(range(count))
    found = list(again.references())
    assert [one.url.rpartition("/")[2] for one in found] == [str(number) for number in range(count)]
