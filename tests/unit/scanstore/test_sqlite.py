"""What is SQLite's own: killed processes, foreign versions, full disks."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing, suppress
from itertools import count

import pytest

from app.domain.scan_facts import FrontierUrl, Hop, HopKind, PageFact, Reference, Relation, UrlState
from app.engines.ports import ScanStore
from app.scanstore.errors import StoreDamaged, StoreMismatch, StoreUnavailable
from app.scanstore.lock import lock_holder
from app.scanstore.reader import SqliteScanReader
from app.scanstore.sqlite import MAX_COLLECTED, SqliteScanStore
from tests.support.cpu_time import least_cpu_s

WRITER = """
import sys, pathlib
from app.domain.scan_facts import FrontierUrl, PageFact, UrlState
from app.scanstore.sqlite import SqliteScanStore
store = SqliteScanStore(pathlib.Path(sys.argv[1]))
for number in range(1, 100_000):
    url = f"https://a.test/{number}"
    store.add_urls([FrontierUrl(number, url, url, "a.test", 0)])
    store.add_page(PageFact(url, 0, 200, parsed=True))
    store.finish_url(number, UrlState.DONE)
    if number % 50 == 0:
        store.flush()
        print(number, flush=True)
"""

MANY = 20_000  # rows
PATIENCE_S = 60.0  # stops a test that hangs


def test_the_store_fulfils_the_port(path):
    store: ScanStore = SqliteScanStore(path)
    store.close()


def test_hops_are_kept_once(path):
    hop = Hop("https://a.test/", 301, "127.64.0.1", HopKind.HTTP, "https://a.test/x")
    with closing(SqliteScanStore(path)) as store:
        store.add_hops([hop, hop])
        store.add_hops([hop])
    with closing(sqlite3.connect(path)) as reader:
        kept = reader.execute("SELECT url, status, address, kind, location FROM hops").fetchall()
    assert kept == [(hop.url, hop.status, hop.address, "http", hop.location)]


def test_a_killed_writer_leaves_whole_batches_and_no_lock(path):
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        flushed = [int(writer.stdout.readline()) for _ in range(20)][-1]
        assert lock_holder(path) == writer.pid
        with SqliteScanReader(path) as reader:
            assert reader.coverage()[0] >= flushed
        writer.send_signal(signal.SIGKILL)
        rest = [int(line) for line in writer.stdout.read().split()]
    assert lock_holder(path) is None
    store = SqliteScanStore(path)
    counts = store.counts()
    store.close()
    assert counts.urls_crawled >= (rest or [flushed])[-1]
    assert counts.urls_crawled % 50 == 0
    assert counts.pages == counts.urls_crawled == counts.urls_known


def test_nobody_holds_the_lock_of_a_store_that_never_was(path):
    assert lock_holder(path) is None


def test_the_holder_is_this_process_while_the_store_is_open(path):
    store = SqliteScanStore(path)
    assert lock_holder(path) == os.getpid()
    store.close()


def test_a_file_of_another_version_is_refused_and_let_go(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreMismatch):
        SqliteScanStore(path)
    assert lock_holder(path) is None


def test_a_file_that_is_no_database_is_refused_and_let_go(path):
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreDamaged):
        SqliteScanStore(path)
    assert lock_holder(path) is None


def test_a_refusal_of_sqlite_is_a_store_error(path):
    store = SqliteScanStore(path)
    one = FrontierUrl(1, "https://a.test/", "https://a.test/", "a.test", 0)
    store.add_urls([one])
    store.add_urls([one])
    with pytest.raises(StoreUnavailable):
        store.flush()
    store.close()


def test_no_url_is_finished_when_what_it_brought_is_refused(path):
    store = SqliteScanStore(path)
    store.add_urls([FrontierUrl(1, "https://a.test/", "https://a.test/", "a.test", 0)])
    store.flush()
    store._db.execute("CREATE TEMP TRIGGER refs_full BEFORE INSERT ON refs BEGIN SELECT RAISE(ABORT, 'full'); END")
    store.add_page(PageFact("https://a.test/", 0, 200, parsed=True))
    store.add_references([Reference("https://a.test/", "https://b.test/", "//b.test/", Relation.LINK, "a[href]")])
    store.finish_url(1, UrlState.DONE)
    with pytest.raises(StoreUnavailable):
        store.flush()
    store.close()
    again = SqliteScanStore(path)
    assert again.url_of(1).state is UrlState.PENDING
    again.close()


def test_many_rows_are_written_before_they_fill_the_memory(path):
    store = SqliteScanStore(path)
    for number in range(1, 2 * MAX_COLLECTED):
        store.add_urls([FrontierUrl(number, f"https://a.test/{number}", f"{number}", "a.test", 0)])
    assert store._db.execute("SELECT count(*) FROM frontier").fetchone() == (MAX_COLLECTED,)
    assert store.counts().urls_known == 2 * MAX_COLLECTED - 1
    store.close()


def test_a_full_disk_is_a_store_error_and_what_was_flushed_stays(path):
    store = SqliteScanStore(path)
    store.add_page(PageFact("https://a.test/", 0, 200, parsed=True))
    store.flush()
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    urls = (FrontierUrl(n, f"https://a.test/{n}", f"{n}" * 500, "a.test", 0) for n in range(1_000))
    with pytest.raises(StoreUnavailable, match="full"):
        store.add_urls(urls)
    store.close()
    with SqliteScanReader(path) as reader:
        assert reader.pages()[0][0].url == "https://a.test/"


def test_a_page_costs_little(tmp_path):
    """Well under the tenth part of the millisecond that a page may cost (scan.md); generous for a busy machine."""
    number_of_store = count()

    def keep_pages():
        store = SqliteScanStore(tmp_path / f"{next(number_of_store)}.db")
        for number in range(1, 1_001):
            url = f"https://a.test/{number}"
            store.add_urls([FrontierUrl(number, url, url, "a.test", 0)])
            store.add_page(PageFact(url, 0, 200, parsed=True))
            store.finish_url(number, UrlState.DONE, range(50))
        store.flush()
        store.close()

    assert least_cpu_s(keep_pages, enough_s=0.5) < 0.5


def test_a_store_is_closed_when_nobody_reads_it_any_more(path):
    """A scan that is cancelled while a thread reads what there is closes its store: its process must not fault."""
    store = SqliteScanStore(path)
    happened, inside, go_on = [], threading.Event(), threading.Event()

    def waits(number: int) -> int:
        inside.set()
        go_on.wait(PATIENCE_S)
        return number

    store._db.create_function("waits", 1, waits)

    def read() -> None:
        with suppress(StoreUnavailable):  # it was closed between two pieces
            store._read(
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {MANY})"
                " SELECT waits(i) AS w FROM n ORDER BY w"
            )
        happened.append("read")

    def close() -> None:
        store.close()
        happened.append("closed")

    threads = [threading.Thread(target=call) for call in (read, close)]
    threads[0].start()
    assert inside.wait(PATIENCE_S)
    threads[1].start()
    assert not happened
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(happened) == ["closed", "read"]


def test_what_is_read_piece_by_piece_ends_with_an_error_when_the_store_is_closed(path):
    store = SqliteScanStore(path)
    store.add_urls([FrontierUrl(n, f"https://a.test/{n}", f"https://a.test/{n}", "a.test", 0) for n in range(300)])
    found = store.load_urls()
    assert next(found).id == 0
    store.close()
    with pytest.raises(StoreUnavailable):
        list(found)
