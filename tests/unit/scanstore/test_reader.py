"""What REST sees of a scan that runs in another process."""

import sqlite3
from contextlib import closing
from dataclasses import astuple, replace
from unittest.mock import Mock

import pytest

from app.domain.scan_facts import (
    Capture,
    FetchError,
    FrontierUrl,
    Hop,
    HopKind,
    HostFact,
    PageFact,
    Reference,
    Relation,
    ThirdParty,
    UrlState,
)
from app.domain.third_parties import OMITTED, Outcome, PartyCoverage
from app.scanstore.errors import StoreDamaged, StoreMismatch, StoreUnavailable
from app.scanstore.reader import MAX_LIMIT, SqliteScanReader, contents_of
from app.scanstore.rows import ThirdPartyWithOutcome
from app.scanstore.sqlite import SqliteScanStore
from tests.support.databases import files_only
from tests.unit.scanstore.test_contract import capture as whole_capture


def test_a_missing_file_is_empty_and_stays_missing(path):
    with SqliteScanReader(path) as reader:
        assert not reader.present
        assert reader.subdomains() == ([], 0)
        assert reader.pages() == ([], 0)
        assert reader.third_parties() == ([], 0)
        assert reader.references_of("b.test") == []
        assert reader.coverage() == (0, 0)
    assert not path.exists()


def test_a_file_without_tables_is_empty(path):
    path.touch()
    with SqliteScanReader(path) as reader:
        assert reader.pages() == ([], 0)


def test_a_file_that_is_no_database_is_a_store_error(path):
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreDamaged):
        SqliteScanReader(path)


def test_a_file_that_cannot_be_opened_is_no_missing_one(path, monkeypatch):
    path.touch()
    monkeypatch.setattr(sqlite3, "connect", Mock(side_effect=sqlite3.OperationalError("unable to open database file")))
    with pytest.raises(StoreUnavailable):
        SqliteScanReader(path)


def test_only_flushed_facts_are_seen(scan, store):
    store.put_host(HostFact("a.test", ("target",), ("127.64.0.1",)))
    with scan.reader() as reader:
        assert reader.subdomains() == ([], 0)
    store.settle()
    with scan.reader() as reader:
        assert reader.present
        assert reader.subdomains()[1] == 1


def test_a_reader_never_stops_the_writer(scan, store):
    store.put_host(HostFact("a.test", ("target",), ("127.64.0.1",)))
    store.settle()
    with scan.reader() as reader:
        reader.subdomains()
        store.put_host(HostFact("b.a.test", ("target",), ("127.64.0.1",)))
        store.settle()
        assert reader.subdomains()[1] == 2


def test_subdomains_resolve_by_themselves_and_are_paged_by_name(scan, store):
    for number in range(25):
        store.put_host(HostFact(f"h{number:02}.a.test", ("dictionary",), ("127.64.0.1",)))
    store.put_host(HostFact("gone.a.test", ("crt.sh",)))
    store.put_host(HostFact("any.a.test", ("page",), ("127.64.0.1",), wildcard=True))
    store.settle()
    with scan.reader() as reader:
        items, total = reader.subdomains(offset=20, limit=10)
        assert ([item.name for item in items], total) == ([f"h{n}.a.test" for n in range(20, 25)], 25)
        assert [item.name for item in reader.subdomains(q="H07")[0]] == ["h07.a.test"]
        assert reader.subdomains(q="h_7") == ([], 0)
        assert reader.subdomains(offset=-5, limit=-1) == ([], 25)


def test_pages_are_filtered_by_text_status_and_kind(scan, store):
    store.add_page(PageFact("https://a.test/", 0, 200, title="首页", parsed=True))
    store.add_page(PageFact("https://a.test/100%", 1, 404))
    store.add_page(PageFact("https://a.test/x.pdf", 1, 200))
    store.settle()
    with scan.reader() as reader:
        assert reader.pages()[1] == 3
        assert [page.title for page in reader.pages(q="首")[0]] == ["首页"]
        assert [page.status for page in reader.pages(q="100%")[0]] == [404]
        assert reader.pages(status=200)[1] == 2
        assert reader.pages(status=200, parsed=True)[1] == 1


def test_third_parties_are_filtered_by_text_and_category(scan, store):
    store.put_third_party(ThirdParty("b.test", ("cdn.b.test",), "cdn"))
    store.put_third_party(ThirdParty("c.test", ("c.test",), "ads"))
    store.settle()
    with scan.reader() as reader:
        assert [party.domain for party in reader.third_parties(q="cdn.b")[0]] == ["b.test"]
        assert [party.domain for party in reader.third_parties(category="ads")[0]] == ["c.test"]


def test_references_of_a_third_party_are_those_to_its_hosts(scan, store):
    urls = ["https://b.test/", "https://x.b.test/", "https://notb.test/", "https://y.b.test/"]
    store.add_references([Reference("https://a.test/", url, url, Relation.LINK, "a[href]") for url in urls])
    store.put_third_party(ThirdParty("b.test", ("b.test", "x.b.test")))
    store.settle()
    with scan.reader() as reader:
        assert [found.url for found in reader.references_of("b.test")] == urls[:2]
        assert len(reader.references_of("b.test", limit=1)) == 1
        assert [found.url for found in reader.references_of("y.b.test")] == urls[3:]


def capture(host, page_class="content", *, path="/", **fields):
    url = f"https://{host}{path}"
    return Capture(".".join(host.split(".")[-2:]), host, url, url, page_class=page_class, **fields)


NOTHING = capture("b.test", "error", error=FetchError.TIMEOUT)
DEAD = capture("x.b.test", "error", error=FetchError.DNS, dead=True)
OUTCOMES = [
    ([], Outcome.NOT_EXAMINED),
    ([NOTHING], Outcome.UNREACHABLE),
    ([capture("b.test", "error", status=404, text_sha256="e0")], Outcome.UNREACHABLE),
    ([capture("b.test", "empty", status=200)], Outcome.UNREACHABLE),
    ([DEAD], Outcome.GONE),
    ([DEAD, NOTHING], Outcome.UNREACHABLE),
    ([DEAD, NOTHING, capture("b.test", path="/2", status=200)], Outcome.EXAMINED),
    ([capture("b.test", status=200, error=FetchError.TLS)], Outcome.EXAMINED),
    *(([capture("b.test", notice, status=403)], Outcome.EXAMINED) for notice in ("parked", "for_sale", "icp_block")),
    ([capture("b.test", status=200, title="half \ud83d a pair")], Outcome.EXAMINED),
]


@pytest.mark.parametrize(("captures", "outcome"), OUTCOMES)
def test_what_came_of_a_third_party_is_folded_from_its_captures(scan, store, captures, outcome):
    party = ThirdParty("b.test", ("b.test", "x.b.test"), "cdn", 3, Relation.EMBED, 1, "https://a.test/")
    store.put_third_party(party)
    for found in (*captures, capture("a.test")):  # the site itself is captured too
        store.put_capture(found)
    store.settle()
    with scan.reader() as reader:
        assert reader.third_parties() == ([ThirdPartyWithOutcome(*astuple(party), outcome)], 1)


def test_third_parties_are_filtered_by_outcome(scan, store):
    seen = {"b.test": capture("b.test"), "c.test": capture("c.test", "error", dead=True), "d.test": None}
    seen |= {"e.test": capture("e.test", "error"), "f.test": capture("f.test"), "g.test": None}
    for domain, found in seen.items():
        store.put_third_party(ThirdParty(domain, (domain,), "cdn" if domain == "f.test" else "ads"))
        if found is not None:
            store.put_capture(found)
    store.settle()
    with scan.reader() as reader:
        listed = {
            outcome.value: [party.domain for party in reader.third_parties(outcome=outcome)[0]] for outcome in Outcome
        }
        assert listed == {
            "examined": ["b.test", "f.test"],
            "gone": ["c.test"],
            "unreachable": ["e.test"],
            "not_examined": ["d.test", "g.test"],
        }
        found, total = reader.third_parties(outcome=Outcome.EXAMINED, offset=1, limit=1)
        assert ([party.domain for party in found], total) == (["f.test"], 2)
        assert reader.third_parties(outcome=Outcome.EXAMINED, category="cdn")[1] == 1


def test_third_parties_are_counted_by_outcome_without_those_that_pages_only_mention(scan, store):
    with scan.reader() as reader:
        assert reader.party_coverage() == PartyCoverage()
    seen = {"b.test": capture("b.test"), "c.test": capture("c.test", "error", dead=True), "d.test": None}
    seen |= {"e.test": capture("e.test", "error"), "f.test": capture("f.test"), "m.test": None}
    seen["s.test"] = capture("s.test", "error")  # of a script, whose host shows nothing at its root
    for domain, found in seen.items():
        relation = {"m.test": Relation.MENTION, "s.test": Relation.SCRIPT}.get(domain, Relation.LINK)
        store.put_third_party(ThirdParty(domain, (domain,), "ads", relation=relation))
        if found is not None:
            store.put_capture(found)
    store.put_capture(capture("a.test"))  # the site itself
    store.put_checkpoint(OMITTED, 7)
    store.settle()
    counts = {Outcome.EXAMINED: 2, Outcome.GONE: 1, Outcome.UNREACHABLE: 2, Outcome.NOT_EXAMINED: 1}
    with scan.reader() as reader:
        assert reader.party_coverage() == PartyCoverage(counts, omitted=7, unseen=1)


def test_coverage_counts_answers_among_all_known(scan, store):
    store.add_urls([FrontierUrl(n, f"https://a.test/{n}", f"https://a.test/{n}", "a.test", 0) for n in range(1, 5)])
    store.finish_url(1, UrlState.DONE)
    store.finish_url(2, UrlState.FAILED)
    store.settle()
    with scan.reader() as reader:
        assert reader.coverage() == (1, 4)


def test_an_answer_has_at_most_the_largest_page(scan, store):
    for number in range(MAX_LIMIT + 5):
        store.add_page(PageFact(f"https://a.test/{number}", 0, 200))
    store.settle()
    with scan.reader() as reader:
        assert len(reader.pages(limit=10**9)[0]) == MAX_LIMIT


def test_a_closed_reader_is_empty(scan, store):
    reader = scan.reader()
    reader.close()
    reader.close()
    assert reader.pages() == ([], 0)


def test_everything_is_read_in_chunks_by_name(scan, store):
    for number in range(25):
        store.put_host(HostFact(f"h{number:02}.a.test", ("dictionary",), ("127.64.0.1",)))
        store.put_third_party(ThirdParty(f"p{number:02}.test", (f"p{number:02}.test",)))
    store.put_host(HostFact("h03x.a.test", ("page",), ("127.64.0.1",), wildcard=True))
    store.put_capture(capture("p13.test"))
    store.settle()
    with scan.reader() as reader:
        assert [host.name for host in reader.subdomains_after("h02.a.test", limit=2)] == ["h03.a.test", "h04.a.test"]
        found = reader.third_parties_after("p11.test", limit=3)
        assert [(party.domain, party.outcome.value) for party in found] == [
            ("p12.test", "not_examined"),
            ("p13.test", "examined"),
            ("p14.test", "not_examined"),
        ]
        assert reader.third_parties_after("p24.test", limit=3) == []
        assert reader.omitted_third_parties() == 0


def test_redirects_are_found_by_the_host_that_they_lead_to(scan, store):
    def hop(number, location):
        return Hop(f"https://a.test/go/{number}", 302, "127.64.0.1", HopKind.HTTP, location)

    many = [hop(number, f"https://many.test/{number}") for number in range(30)]
    store.add_hops([hop(0, "https://user@B.test:8443/x"), hop(1, "https://b.test/"), *many])
    store.settle()
    with scan.reader() as reader:
        hops = reader.hops_by_host()
    assert [found.url for found in hops["b.test"]] == ["https://a.test/go/0", "https://a.test/go/1"]
    assert hops["many.test"] == many[:20]


@files_only
def test_no_body_of_a_capture_is_read_to_know_what_came_of_it(path, store):
    store.put_third_party(ThirdParty("b.test", ("b.test",)))
    store.put_capture(capture("b.test"))
    store.settle()
    plans = []
    with SqliteScanReader(path) as reader:
        statements = []
        assert reader._source._db is not None
        reader._source._db.set_trace_callback(statements.append)
        reader.third_parties()
        reader.third_parties(outcome=Outcome.GONE)
        reader.third_parties(outcome=Outcome.NOT_EXAMINED)
        reader._source._db.set_trace_callback(None)
        for statement in statements:
            plans += [row[3] for row in reader._source._db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    looks = [plan for plan in plans if "captures" in plan]
    assert looks
    assert all("INDEX captures_seen" in plan for plan in looks), looks


def test_a_file_shows_the_contents_that_its_captures_name(path):
    with closing(SqliteScanStore(path)) as store:
        store.put_capture(replace(whole_capture(), source_sha256="bb"))
        store.settle()
    assert contents_of(path) == {"aa", "bb"}


def test_a_missing_file_names_none_and_is_not_made(path):
    assert contents_of(path) == set()
    assert not path.exists()


def test_a_damaged_file_shows_none(path):
    SqliteScanStore(path).close()
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)
    assert contents_of(path) == set()


def test_what_a_newer_version_names_is_not_known(path):
    SqliteScanStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 9999")
        connection.commit()
    with pytest.raises(StoreMismatch):
        contents_of(path)
