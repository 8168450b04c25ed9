"""All stores of a deployment: read, removed, and asked what they show."""

from contextlib import closing
from dataclasses import replace

import pytest

from app.core.clock import SystemClock
from app.domain.scan_facts import Capture, HostFact
from app.scanstore.errors import StoreStale, StoreUnavailable
from app.scanstore.port import ScanStores, StoreRemoval
from app.scanstore.postgres import stores as module
from app.scanstore.postgres.dialect import TABLES
from app.scanstore.postgres.store import Attempt
from app.scanstore.postgres.stores import PostgresScanStores, StoreRows
from tests.support.postgres_scans import PostgresScan
from tests.unit.scanstore.test_evidence_reader import WALK, reference

pytestmark = pytest.mark.system
CAPTURE = Capture("b.test", "b.test", "https://b.test/", "", html_sha256="aa", source_sha256="bb", text_sha256="cc")


@pytest.fixture
def scan(postgres_run):
    return postgres_run


def test_the_ports_are_fulfilled(scan):
    stores: ScanStores = scan.stores
    removal: StoreRemoval = scan.stores.remove
    removal.require_writable()
    with stores.reader("nobody", 1) as reader:
        assert not reader.present


def is_there(scan):
    with scan.reader() as reader:
        return reader.present


def test_what_any_run_shows_is_found_in_parts(scan, open_store, monkeypatch):
    monkeypatch.setattr(module, "SLICE", 2)
    store = open_store()
    store.put_capture(CAPTURE)
    store.put_capture(replace(CAPTURE, host="c.test", html_sha256="dd", screenshot_sha256="ee"))
    store.settle()
    parts = list(scan.stores.shown_among({"aa", "bb", "cc", "dd", "ee", "ff"}))
    assert len(parts) == 3
    assert set().union(*parts) == {"aa", "bb", "cc", "dd", "ee"}


def test_what_was_removed_is_gone_and_who_still_writes_is_shut_out(
    scan, open_store, postgres_database, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "CHUNK", 3)
    store = open_store()
    for number in range(10):
        store.put_host(HostFact(f"h{number}.a.test", ("page",)))
    store.put_capture(CAPTURE)
    store.settle()
    with closing(PostgresScan(postgres_database, tmp_path, "task-2")) as other, closing(other.open()) as kept:
        kept.put_host(HostFact("a.test", ("target",)))
        kept.settle()
        scan.stores.remove(scan.task_id, 1)
        scan.stores.remove(scan.task_id, 1)
        store.put_host(HostFact("late.a.test", ("page",)))
        with pytest.raises(StoreStale):
            store.settle()
        assert not is_there(scan)
        rows = [scan.ask(f"SELECT count(*) FROM scan_{name}")[0][0] for name in TABLES]
        assert (sum(rows), len(kept.hosts())) == (1, 1)


def test_only_the_runs_that_are_named_go(scan, open_store):
    open_store().close()
    scan.stores.remove(scan.task_id, 3, first_run=2)
    assert is_there(scan)


def test_a_database_that_is_away_is_an_error_of_the_system(tmp_path):
    stores = PostgresScanStores("postgresql+psycopg://nobody@127.0.0.1:1/none", busy_timeout_s=1)
    with pytest.raises(OSError, match="task-1-1"):
        stores.remove("task-1", 1)
    stores.close()


async def test_a_place_waits_for_nobody_and_opens_as_often_as_it_has_to(scan):
    place = scan.stores.place(Attempt(scan.task_id, 1, 1), scan.folder)
    await place.wait_until_released(SystemClock())
    place.open().close()
    place.open().close()
    assert place.name == f"{scan.task_id}-1"


# How PostgreSQL carries it out

# Other runs: fifty, with numbers from 1000.
OTHERS = """
INSERT INTO scan_refs SELECT n %% 50 + 1000, n, decode(md5(n::text), 'hex'), 'h' || n %% 400,
    'https://a.test/' || n %% 900, 'https://h/' || n, 'x', 'link', 'a[href]', '', '', '', NULL, '', 0
    FROM generate_series(1, 60000) AS n;
INSERT INTO scan_pages SELECT n %% 50 + 1000, n, 'https://a.test/' || n, 0, 200, '', '', '', 1, n %% 2 = 0, NULL, 1,
    false FROM generate_series(1, 20000) AS n;
INSERT INTO scan_hops SELECT n %% 50 + 1000, n, decode(md5(n::text), 'hex'), 'https://a.test/' || n, 302, '', 'http',
    'https://b.test/' || n, 0 FROM generate_series(1, 20000) AS n;
INSERT INTO scan_hosts SELECT n %% 50 + 1000, 'h' || n, '', '', '', true, true, false
    FROM generate_series(1, 20000) AS n;
INSERT INTO scan_frontier SELECT n %% 50 + 1000, n, 'https://a.test/' || n, 'k' || n, 'a.test', 0, '', 0, 'done', NULL,
    0, NULL FROM generate_series(1, 20000) AS n;
INSERT INTO scan_third_parties SELECT n %% 50 + 1000, 'd' || n, '', '', 1, '', 0, ''
    FROM generate_series(1, 20000) AS n;
INSERT INTO scan_captures SELECT n %% 50 + 1000, decode(md5(n::text), 'hex'), 'h' || n, 'u' || n, 'd' || n,
    md5(n::text), md5(n::text), '', '', 'content', false, '{}' FROM generate_series(1, 20000) AS n;
ANALYZE;
"""


@pytest.fixture
def crowded(scan, open_store):
    """A run among fifty others."""
    store = open_store()
    store.add_references([reference(1)])
    store.settle()
    with scan.engine.connect() as connection:
        for statement in OTHERS.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    return scan


def test_no_query_looks_through_the_rows_of_other_runs(crowded):
    for name, ask in WALK.items():
        with crowded.reader() as reader:
            plans = plans_of(reader, ask)
        assert plans, name
        assert [line for line in plans if "Seq Scan on scan_" in line] == [], name


LARGE = """
INSERT INTO scan_refs SELECT {store}, n, decode(md5('x' || n), 'hex'), 'h' || n %% 9, 'https://a.test/' || n %% 900,
    'https://h/' || n, 'x', 'link', 'a[href]', '', '', '', NULL, '', 0 FROM generate_series(10, 60000) AS n
"""


def test_a_run_that_is_larger_than_the_planner_knows_is_read_in_order(scan, open_store):
    open_store().close()
    ((number,),) = scan.ask("SELECT id FROM scan_stores")
    with scan.engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM pg_statistic WHERE starelid = 'scan_refs'::regclass")
        connection.exec_driver_sql(LARGE.format(store=number))
    for ask in (
        lambda reader: reader.references_after(30_000, limit=1_000),
        lambda reader: reader.references_to_after("h1", 30_000, limit=1_000),
    ):
        with scan.reader() as reader:
            plans = plans_of(reader, ask)
        assert [line for line in plans if "Sort" in line] == [], plans


def plans_of(reader, ask):
    """The lines of the plans of all that is asked."""
    source, plans = reader._source, []

    class Explaining:
        present = True

        def read(self, query, parameters=()):
            found = source.read(query, parameters)
            prefix, source._prefix = source._prefix, f"EXPLAIN {source._prefix}"
            plans.extend(line for (line,) in source.read(query, parameters))
            source._prefix = prefix
            return found

        def close(self):
            source.close()

    reader._source = Explaining()
    ask(reader)
    return plans


class Replaced(Exception):
    pass


def test_a_removal_whose_guard_refuses_ends_where_it_is(scan, open_store, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 3)
    store = open_store()
    for number in range(10):
        store.put_host(HostFact(f"h{number}.a.test", ("page",)))
    store.settle()
    asked = []

    def guard(connection):
        asked.append(connection)
        if len(asked) == 4:
            raise Replaced

    def hosts():
        return scan.ask("SELECT count(*) FROM scan_hosts")[0][0]

    with pytest.raises(Replaced):
        scan.stores.remove.guarded(guard)(scan.task_id, 1)
    left = hosts()
    assert is_there(scan)
    assert left > 0
    scan.stores.remove.guarded(lambda _: None)(scan.task_id, 1)
    assert (hosts(), is_there(scan)) == (0, False)


# The rows of one run


@pytest.fixture
def rows(postgres_run):
    with closing(StoreRows(postgres_run.engine, postgres_run.task_id, 1)) as rows:
        yield rows


def test_a_run_that_has_no_store_has_no_rows(rows):
    assert not rows.present
    assert rows.read("SELECT count(*) FROM pages") == []


def test_the_rows_of_the_run_are_there_until_it_is_closed(postgres_run):
    with closing(postgres_run.open()) as store:
        store.put_host(HostFact("a.test", ("target",)))
    rows = StoreRows(postgres_run.engine, postgres_run.task_id, 1)
    assert rows.present
    assert rows.read("SELECT name, ? FROM hosts", (1,)) == [("a.test", 1)]
    rows.close()
    rows.close()
    assert (rows.present, rows.read("SELECT name FROM hosts")) == (False, [])


def test_what_the_database_refuses_is_an_error_of_the_store(postgres_run):
    postgres_run.open().close()
    with closing(StoreRows(postgres_run.engine, postgres_run.task_id, 1)) as rows:
        with pytest.raises(StoreUnavailable):
            rows.read("SELECT name FROM nowhere")
        assert rows.read("SELECT count(*) FROM hosts") == [(0,)]
