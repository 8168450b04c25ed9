"""Files that other versions of the program wrote, and the rows of a run out of its file."""

import sqlite3
import threading
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from app.domain.scan_facts import Capture, FrontierUrl, Hop, HopKind, PageFact, Reference, Relation, ThirdParty
from app.domain.third_parties import Outcome
from app.scanstore.errors import StoreMismatch, StoreUnavailable
from app.scanstore.evidence_reader import SqliteEvidenceReader
from app.scanstore.reader import SqliteScanReader, contents_of
from app.scanstore.schema import FileRows
from app.scanstore.sqlite import SqliteScanStore

HASH = "a" * 64
PATIENCE_S = 60
MANY = 20_000
# What versions 4, 3 and 1 did not have yet.
TO_VERSION_4 = """
ALTER TABLE refs DROP COLUMN via;
ALTER TABLE refs DROP COLUMN loaded_by;
PRAGMA user_version = 4;
"""
TO_VERSION_3 = f"""
{TO_VERSION_4}
ALTER TABLE refs DROP COLUMN repeats;
ALTER TABLE frontier DROP COLUMN found_on;
ALTER TABLE hops DROP COLUMN found_on;
PRAGMA user_version = 3;
"""
TO_VERSION_1 = f"""
{TO_VERSION_3}
DROP INDEX captures_seen;
ALTER TABLE captures DROP COLUMN page_class;
ALTER TABLE captures DROP COLUMN dead;
ALTER TABLE pages DROP COLUMN truncated;
ALTER TABLE frontier DROP COLUMN seen;
PRAGMA user_version = 1;
"""


LINK = Reference("https://a.test/", "http://b.test/", "//b.test/", Relation.LINK, "a[href]")


@pytest.fixture
def old(path):
    """A file of version 1, as a service that was brought up to date has many."""
    with closing(SqliteScanStore(path)) as store:
        store.add_urls([FrontierUrl(1, "https://a.test/", "https://a.test/", "a.test", 0)])
        store.add_page(PageFact("https://a.test/", 0, 200, parsed=True))
        store.add_references([LINK])
        store.add_hops([Hop("https://a.test/go", 302, "", HopKind.HTTP, "https://b.test/")])
        for domain in ("b.test", "c.test"):
            store.put_third_party(ThirdParty(domain, (domain,)))
        store.put_capture(Capture("b.test", "b.test", "http://b.test/", "", html_sha256=HASH, page_class="content"))
        store.put_capture(Capture("c.test", "c.test", "http://c.test/", "", page_class="error", dead=True))
        store.flush()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TO_VERSION_1)
    return path


def test_the_file_of_an_earlier_version_is_read_as_before(old):
    with SqliteScanReader(old) as reader:
        assert reader.present
        assert [(page.url, page.truncated) for page in reader.pages()[0]] == [("https://a.test/", False)]
        found = {party.domain: party.outcome for party in reader.third_parties()[0]}
        assert found == {"b.test": Outcome.EXAMINED, "c.test": Outcome.GONE}
        assert [party.domain for party in reader.third_parties(outcome=Outcome.GONE)[0]] == ["c.test"]
        assert reader.references_of("b.test") == [LINK]
        assert reader.coverage() == (0, 1)
        assert not reader.seen().hosts


def test_evidence_of_an_earlier_version_is_read_as_before(old):
    with SqliteEvidenceReader(old) as reader:
        assert [one.fact for one in reader.references()[0]] == [LINK]
        assert reader.weighed(["b.test"])[0].page_id == 1
        assert reader.page_naming("https://a.test/go") is None


def test_a_file_that_was_left_open_to_others_is_closed_when_a_scan_goes_on_with_it(path):
    """As earlier versions left it."""
    SqliteScanStore(path).close()
    path.chmod(0o644)
    SqliteScanStore(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("to_version", [TO_VERSION_3, TO_VERSION_4])
def test_a_scan_that_an_update_interrupts_goes_on_with_its_file(path, to_version):
    with closing(SqliteScanStore(path)) as store:
        store.add_urls([FrontierUrl(1, "https://a.test/", "https://a.test/", "a.test", 0)])
        store.add_references([LINK])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(to_version)
    more = replace(LINK, hidden="off_screen", repeats=4)
    with closing(SqliteScanStore(path)) as store:
        assert [url.found_on for url in store.load_urls()] == [0]
        store.add_references([more])
        store.flush()
        assert list(store.references()) == [LINK, more]


def test_who_redirects_and_who_loaded_it_is_known_of_a_scan_of_the_version_before(path):
    """Whether its file is read, or the scan goes on with it: the version before had it in the snippet."""
    redirect = replace(LINK, relation=Relation.REDIRECT, kind="redirect:http")
    loaded = replace(LINK, relation=Relation.SCRIPT, kind="loaded:script")
    with closing(SqliteScanStore(path)) as store:
        store.add_references(
            [replace(redirect, snippet="http://p.test/"), replace(loaded, snippet="http://t.test/ < https://a.test/")]
        )
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TO_VERSION_4)
    told = [replace(redirect, via="http://p.test/"), replace(loaded, loaded_by=("http://t.test/", "https://a.test/"))]
    with SqliteEvidenceReader(path) as reader:
        assert [item.fact for item in reader.references()[0]] == told
    with closing(SqliteScanStore(path)) as store:
        assert list(store.references()) == told


def test_a_scan_of_a_version_from_which_there_is_no_way_is_refused(old):
    with pytest.raises(StoreMismatch):
        SqliteScanStore(old)


def test_reading_it_changes_nothing_in_it(old):
    before = old.read_bytes()
    with SqliteScanReader(old) as reader:
        reader.pages()
    assert old.read_bytes() == before


def test_the_captures_of_an_earlier_version_are_still_shown(old):
    assert contents_of(old) == {HASH}


def test_the_file_of_a_newer_version_is_not_taken_for_a_missing_one(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreMismatch):
        SqliteScanReader(path)
    with pytest.raises(StoreMismatch):
        contents_of(path)


def test_a_missing_file_has_no_rows_and_is_not_made(path):
    rows = FileRows(path)
    assert not rows.present
    assert rows.read("SELECT count(*) FROM pages") == []
    assert not path.exists()


def test_what_is_asked_is_answered_until_it_is_closed(path):
    SqliteScanStore(path).close()
    rows = FileRows(path)
    assert rows.present
    assert rows.read("SELECT ? + count(*) FROM pages", (1,)) == [(1,)]
    rows.close()
    rows.close()
    assert rows.read("SELECT 1") == []


def test_what_sqlite_refuses_is_an_error_of_the_store(path):
    SqliteScanStore(path).close()
    with closing(FileRows(path)) as rows, pytest.raises(StoreUnavailable):
        rows.read("SELECT 1 FROM nowhere")


def test_a_file_is_closed_when_nobody_reads_it_any_more(path):
    """Else SQLite goes on in what it has freed, and the process ends with a fault."""
    SqliteScanStore(path).close()
    rows = FileRows(path)
    happened, inside, go_on = [], threading.Event(), threading.Event()

    def waits(number: int) -> int:
        inside.set()
        go_on.wait(PATIENCE_S)
        return number

    rows._db.create_function("waits", 1, waits)

    def read() -> None:
        with suppress(StoreUnavailable):  # it was interrupted, if it had not ended yet
            rows.read(
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {MANY}) SELECT waits(i) FROM n"
            )
        happened.append("read")

    def close() -> None:
        rows.close()
        happened.append("closed")

    threads = [threading.Thread(target=call) for call in (read, close)]
    threads[0].start()
    assert inside.wait(PATIENCE_S)
    threads[1].start()
    assert not happened
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert happened == ["read", "closed"]
    assert rows.read("SELECT 1") == []
    assert [*rows.stream("SELECT 1")] == []


def test_a_stream_ends_when_its_file_is_closed(path):
    SqliteScanStore(path).close()
    rows = FileRows(path)
    stream = rows.stream("SELECT 1 UNION ALL SELECT 2")
    assert next(stream) == (1,)
    rows.close()
    with pytest.raises(StoreUnavailable):
        next(stream)
