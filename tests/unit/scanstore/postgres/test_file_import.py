import time
from contextlib import closing

import psycopg
import pytest

from app.core.clock import SystemClock
from app.core.db import Database
from app.domain.scan_facts import FrontierUrl, Hop, HopKind, HostFact, PageFact, ThirdParty, UrlState
from app.migrations.runner import migrate
from app.scanstore.errors import StoreMismatch, StoreUnavailable
from app.scanstore.postgres.file_import import files_in, import_file
from app.scanstore.postgres.store import PostgresScanStore
from app.scanstore.schema import FileRows
from app.scanstore.sqlite import SqliteScanStore
from tests.unit.scanstore.test_contract import capture, reference

pytestmark = pytest.mark.system
URL = "https://a.test/1"
TABLES = ("hosts", "frontier", "pages", "hops", "refs", "third_parties", "captures", "checkpoints")


def fill(store):
    """What a scan has of each kind, a NUL and half a surrogate pair among it."""
    store.put_host(HostFact("www.a.test", ("page",), ("192.0.2.1",), http_alive=True))
    store.add_urls([FrontierUrl(n, f"{URL}{n}", f"{URL}{n}", "a.test", 0, pattern="a.test/#") for n in (1, 2, 7)])
    store.finish_url(1, UrlState.DONE, [2, 7])
    store.add_page(PageFact(f"{URL}1", 0, 200, "text/html", "utf-8", "a \x00 title", 9, parsed=True))
    store.add_hops([Hop(f"{URL}2", 302, "192.0.2.1", HopKind.HTTP, "https://b.test/")], found_on=1)
    store.add_references([reference(), reference(kind="img[src]"), reference("https://c.test/y")])
    store.put_third_party(ThirdParty("b.test", ("b.test",), "unknown", 3, reference().relation, 0, f"{URL}1"))
    store.put_capture(capture())
    store.put_checkpoint("crawl", {"done": 1})
    store.flush()


@pytest.fixture
def url(postgres):
    with postgres.new_database() as url:
        db = Database(url)
        migrate(db, clock=SystemClock())
        db.close_sync()
        yield url


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "task-1.db"
    with closing(SqliteScanStore(path)) as store:
        fill(store)
    return path


def raw(url):
    return closing(psycopg.connect(url.replace("+psycopg", ""), autocommit=True))


def rows(connection, task_id):
    """All rows of the run's store but its own number, by table."""
    (store,) = connection.execute("SELECT id FROM scan_stores WHERE task_id = %s", (task_id,)).fetchone()
    found = {}
    for table in TABLES:
        lines = connection.execute(f"SELECT to_jsonb(t) - 'store' FROM scan_{table} t WHERE store = %s", (store,))
        found[table] = sorted(map(str, lines.fetchall()))
    return found


def test_a_file_becomes_what_the_same_scan_would_have_written_into_postgresql(postgres_run, tmp_path, file):
    with closing(postgres_run.open()) as store:
        assert isinstance(store, PostgresScanStore)
        fill(store)
        store.settle()
    parameters = postgres_run.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with raw(parameters) as connection:
        assert import_file(connection, file, "imported", 1)
        imported, written = rows(connection, "imported"), rows(connection, postgres_run.task_id)
    for table in TABLES:
        assert imported[table] == written[table], table
        assert imported[table]


def test_a_run_that_is_there_is_left_alone(url, file):
    with raw(url) as connection:
        assert import_file(connection, file, "task", 1)
        before = rows(connection, "task")
        assert not import_file(connection, file, "task", 1)
        assert rows(connection, "task") == before


def test_a_file_that_takes_longer_than_a_statement_may_is_imported(url, file, monkeypatch):
    stream = FileRows.stream

    def slow_stream(rows, query):
        time.sleep(0.1)
        for row in stream(rows, query):
            time.sleep(0.1)
            yield row

    monkeypatch.setattr(FileRows, "stream", slow_stream)
    with raw(url) as connection:
        connection.execute("SET statement_timeout = 50")
        connection.execute("SET idle_in_transaction_session_timeout = 50")
        assert import_file(connection, file, "task", 1)


def test_a_refusal_of_postgresql_is_one_of_the_store(url, file):
    with raw(url) as connection:
        connection.execute("DROP TABLE scan_checkpoints")
        with pytest.raises(StoreUnavailable):
            import_file(connection, file, "task", 1)
        assert connection.execute("SELECT count(*) FROM scan_stores").fetchone() == (0,)


def test_what_is_no_file_of_a_scan_leaves_nothing_behind(url, tmp_path):
    with raw(url) as connection:
        with pytest.raises(StoreMismatch):
            import_file(connection, tmp_path / "missing-1.db", "missing", 1)
        assert connection.execute("SELECT count(*) FROM scan_stores").fetchone() == (0,)


def test_files_are_those_whose_names_tell_a_task_and_a_run(tmp_path):
    for name in ("a-b-3.db", "a-b-3.db-wal", "x.db", "y-z.db", "note.txt"):
        (tmp_path / name).touch()
    assert list(files_in(tmp_path)) == [("a-b", 3, tmp_path / "a-b-3.db")]
