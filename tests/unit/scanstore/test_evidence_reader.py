"""What the file of a scan says about one third party, page or capture; and that no table is looked through for it."""

import sqlite3
from dataclasses import replace

import pytest

from app.domain.scan_facts import (
    Capture,
    FrontierUrl,
    Hop,
    HopKind,
    HostFact,
    PageFact,
    Reference,
    Relation,
    ThirdParty,
)
from app.domain.third_parties import Outcome
from app.scanstore.evidence_reader import PER_WAY, ContentKind, EvidenceReader, SqliteEvidenceReader
from app.scanstore.sqlite import SqliteScanStore
from tests.support.databases import files_only

HOME, ABOUT = "https://a.test/", "https://a.test/about"
HTML, TEXT, PICTURE, SOURCE = "1" * 64, "2" * 64, "3" * 64, "5" * 64


def reference(number, host="bad.test", page=HOME, **more):
    return Reference(page, f"http://{host}/{number}", f"//{host}/{number}", Relation.LINK, "a[href]", **more)


@pytest.fixture
def store(store):
    store.add_page(PageFact(HOME, 0, 200, title="Home", parsed=True))
    store.add_page(PageFact(ABOUT, 1, 200, title="About", parsed=True))
    store.add_page(PageFact("https://a.test/gone", 1, 404))
    store.put_third_party(ThirdParty("bad.test", ("bad.test", "www.bad.test"), references=5))
    capture = Capture("bad.test", "www.bad.test", "http://www.bad.test/", "http://www.bad.test/x", 200)
    hashes = {"html_sha256": HTML, "text_sha256": TEXT, "screenshot_sha256": PICTURE, "source_sha256": SOURCE}
    store.put_capture(replace(capture, captured_at=1.5, **hashes))
    store.put_capture(Capture("a.test", "a.test", HOME, HOME, 200))
    store.add_references(
        [
            reference(1),
            reference(2, "www.bad.test", ABOUT, hidden="display_none"),
            reference(3, "other.test"),
            reference(4, page="https://a.test/style.css"),
        ]
    )
    store.settle()
    return store


@pytest.fixture
def reader(store, scan):
    assert store is not None
    with scan.reader() as reader:
        yield reader


def numbers(found):
    return [int(one.fact.url.rpartition("/")[2]) for one in found]


def test_a_third_party_is_found_with_its_outcome_and_hosts(reader):
    assert reader.party("bad.test").outcome is Outcome.EXAMINED
    assert reader.party("other.test") is None
    assert reader.hosts_of(["bad.test", "other.test"]) == {"bad.test": ("bad.test", "www.bad.test")}


def test_references_come_with_their_page(reader):
    first, second, _, sheet = reader.references()[0]
    assert (first.page_id, first.depth, first.page_title) == (1, 0, "Home")
    assert (second.page_id, second.depth, second.fact.hidden) == (2, 1, "display_none")
    assert (sheet.page_id, sheet.depth, sheet.page_title) == (None, None, "")


def test_every_reference_can_be_had_by_pages_and_to_the_end(reader):
    assert reader.references(limit=3)[1] == 4
    assert numbers(reader.references(offset=3)[0]) == [4]
    assert numbers(reader.references_after(0, limit=3)) == [1, 2, 3]
    assert numbers(reader.references_after(3, limit=3)) == [4]
    assert reader.references_after(4) == []


def test_references_to_hosts_and_on_a_page(reader):
    found, total = reader.references_to(["www.bad.test", "bad.test"])
    assert (numbers(found), total) == ([1, 4, 2], 3)
    assert numbers(reader.references_to(["bad.test", "www.bad.test"], offset=2)[0]) == [2]
    assert reader.references_to([]) == ([], 0)
    assert numbers(reader.references_to_after("bad.test", 0, limit=1)) == [1]
    assert numbers(reader.references_to_after("bad.test", 1)) == [4]
    assert reader.references_to_after("bad.test", 4) == []
    found, total = reader.references_on(HOME, limit=1)
    assert (numbers(found), total) == ([1], 2)


def test_of_a_host_that_stands_everywhere_the_first_of_each_way_are_weighed(store, reader):
    """So neither a script nor a hidden link is lost, however many of the other there are."""
    store.add_references([reference(n, "foot.test", f"https://a.test/{n}") for n in range(PER_WAY + 50)])
    store.add_references([reference(1_000 + n, "foot.test", hidden="off_screen") for n in range(PER_WAY + 1)])
    store.add_references([replace(reference(9_999, "foot.test"), relation=Relation.SCRIPT)])
    store.settle()
    weighed = numbers(reader.weighed(["foot.test", "bad.test"]))
    assert len(weighed) == 2 * PER_WAY + 1 + 2
    assert {0, 1_000, 9_999, 1, 4} <= set(weighed)
    assert PER_WAY + 40 not in weighed
    assert reader.pages_referring_to(["foot.test"]) == {"foot.test": PER_WAY + 51}


def test_a_reference_to_one_address_is_found_among_any_number(store, reader):
    store.add_references([reference(n, "foot.test") for n in range(PER_WAY + 50)])
    part = reference(PER_WAY + 1, "foot.test", hidden="off_screen")
    store.add_references([replace(part, url=f"{part.url}#part")])
    store.settle()
    assert reader.leading_to(f"http://foot.test/{PER_WAY + 10}").fact.hidden is None
    assert reader.leading_to(f"http://foot.test/{PER_WAY + 1}").fact.hidden == "off_screen"
    assert reader.leading_to("http://foot.test/") is None
    assert reader.leading_to("http://foot.test/*") is None
    assert len(reader.references_on_to(HOME, "foot.test", limit=7)) == 7
    assert reader.references_on_to(ABOUT, "foot.test") == []


def test_references_that_look_the_same_are_told_apart_by_their_order(store, reader):
    alike = [replace(reference(7, dom_path=f"a:nth-child({n})"), text="x") for n in (1, 2, 3)]
    store.add_references([alike[0], replace(alike[1], text="y"), alike[1], alike[2]])
    store.settle()
    found = [one for one in reader.references_on(HOME)[0] if one.fact.text]
    assert [reader.alike_before(one) for one in found] == [0, 0, 1, 2]


def test_the_page_that_first_named_a_forwarding_address_is_known(store, reader):
    go = "https://a.test/go?utm_source=x"
    store.add_urls([FrontierUrl(7, ABOUT, "key 7", "a.test", 1), FrontierUrl(8, go, "key 8", "a.test", 2, found_on=7)])
    store.add_hops([Hop(go, 302, "192.0.2.1", HopKind.HTTP, "https://bad.test/")], found_on=7)
    store.add_hops([Hop(HOME, 302, "192.0.2.1", HopKind.HTTP, ABOUT)])
    store.settle()
    assert reader.page_naming(go).url == ABOUT
    assert reader.page_naming(HOME) is None
    assert reader.page_naming("https://a.test/unknown") is None


def test_pages_keep_their_ids_when_they_are_fetched_again(store, reader):
    store.add_page(PageFact(HOME, 0, 200, title="Home again", parsed=True))
    store.settle()
    assert reader.page(1).title == "Home again"
    assert reader.page_at(HOME).page_id == 1
    assert (reader.page(99), reader.page_at("https://a.test/none")) == (None, None)
    assert reader.parsed_pages() == 2


def test_which_pages_refer_to_which_hosts(reader):
    assert sorted(reader.pages_with(["bad.test", "www.bad.test"])) == [HOME, ABOUT, "https://a.test/style.css"]
    found = reader.hosts_on([HOME, ABOUT], ["bad.test", "www.bad.test"])
    assert sorted(found) == [(HOME, "bad.test"), (ABOUT, "www.bad.test")]


def test_how_the_crawl_left_and_came_to_an_address(store, reader):
    hop = Hop(HOME, 302, "192.0.2.1", HopKind.HTTP, ABOUT)
    store.add_hops([hop])
    store.put_host(HostFact("a.test", ("page",), addresses=("192.0.2.1", "192.0.2.2")))
    store.settle()
    assert (reader.hop_from(HOME), reader.hop_to(ABOUT)) == (hop, hop)
    assert (reader.hop_from(ABOUT), reader.hop_to(HOME)) == (None, None)
    assert (reader.address_of("a.test"), reader.address_of("b.test")) == ("192.0.2.1", "")


def test_captures_by_domain_host_and_address(reader):
    (capture,) = reader.captures_of("bad.test")
    assert (capture.captured_at, capture.html_sha256) == (1.5, HTML)
    assert reader.captures_at("www.bad.test") == [capture]
    assert reader.capture_at("a.test", HOME).domain == "a.test"
    assert reader.capture_at("a.test", ABOUT) is None


@pytest.mark.parametrize(
    ("sha256", "kind"),
    [
        (HTML, ContentKind.HTML),
        (SOURCE, ContentKind.HTML),
        (TEXT, ContentKind.TEXT),
        (PICTURE, ContentKind.SCREENSHOT),
        ("4" * 64, None),
    ],
)
def test_a_content_is_what_a_capture_of_this_scan_names_it(reader, sha256, kind):
    assert reader.content_kind(sha256) is kind


def test_a_source_that_is_a_picture_as_well_is_handed_out_as_a_source(store, reader):
    """Whoever serves the bytes of a picture as a page does not get them shown as a screenshot."""
    twin = Capture("c.test", "c.test", "http://c.test/", "http://c.test/", 200, html_sha256=PICTURE)
    store.put_capture(twin)
    store.settle()
    assert reader.content_kind(PICTURE) is ContentKind.HTML


def test_a_missing_file_is_empty(tmp_path):
    with SqliteEvidenceReader(tmp_path / "none.db") as reader:
        assert reader.references() == ([], 0)
        assert reader.party("bad.test") is None
        assert reader.content_kind(HTML) is None
        assert (reader.page(1), reader.parsed_pages(), reader.captures_of("bad.test")) == (None, 0, [])


# How SQLite carries it out

GROWING = ("refs", "pages", "captures", "third_parties", "hops", "hosts")
WALK = {
    "party": lambda reader: reader.party("bad.test"),
    "hosts_of": lambda reader: reader.hosts_of(["bad.test"]),
    "references": lambda reader: reader.references(limit=50),
    "references_after": lambda reader: reader.references_after(2, limit=50),
    "references_to": lambda reader: reader.references_to(["bad.test", "www.bad.test"], limit=50),
    "references_to_after": lambda reader: reader.references_to_after("bad.test", 1, limit=50),
    "references_on": lambda reader: reader.references_on(HOME, limit=50),
    "weighed": lambda reader: reader.weighed(["bad.test"]),
    "pages_referring_to": lambda reader: reader.pages_referring_to(["bad.test"]),
    "pages_with": lambda reader: reader.pages_with(["bad.test"]),
    "hosts_on": lambda reader: reader.hosts_on([HOME, ABOUT], ["bad.test", "www.bad.test"]),
    "parsed_pages": lambda reader: reader.parsed_pages(),
    "page": lambda reader: reader.page(1),
    "page_at": lambda reader: reader.page_at(HOME),
    "leading_to": lambda reader: reader.leading_to("http://bad.test/1"),
    "references_on_to": lambda reader: reader.references_on_to(HOME, "bad.test"),
    "alike_before": lambda reader: reader.alike_before(reader.references(limit=1)[0][0]),
    "page_naming": lambda reader: reader.page_naming(HOME),
    "hop_from": lambda reader: reader.hop_from(HOME),
    "hop_to": lambda reader: reader.hop_to(HOME),
    "address_of": lambda reader: reader.address_of("a.test"),
    "captures_of": lambda reader: reader.captures_of("bad.test"),
    "captures_after": lambda reader: reader.captures_after("", "", limit=10),
    "captures_at": lambda reader: reader.captures_at("bad.test"),
    "capture_at": lambda reader: reader.capture_at("a.test", HOME),
    "content_kind": lambda reader: reader.content_kind(HTML),
}
# Sorted although it is no page, and why that stays small enough.
SORTED = {
    "weighed": "the references of the hosts that are asked for, in a thread",
    "pages_referring_to": "the same",
    "pages_with": "the same",
    "hosts_on": "the references on one page of the list of pages, in a thread",
    "leading_to": "the references to one host, in a thread",
    "captures_of": "the captures of one domain: four, or the site's start pages",
}
IN_ORDER = ("references", "references_after", "alike_before")  # by their key, as far as the page is


def plans_of(path, ask):
    sent = []
    with SqliteEvidenceReader(path) as reader:
        reader._source._db.set_trace_callback(sent.append)  # statements with their values
        ask(reader)
        reader._source._db.set_trace_callback(None)
    with sqlite3.connect(path) as db:
        return [(text, [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {text}")]) for text in sent]


@files_only
@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", WALK)
def test_no_query_looks_through_a_table_that_grows(path, name):
    found = plans_of(path, WALK[name])
    assert found
    for statement, plan in found:
        for line in plan:
            is_scan = line.startswith("SCAN ") and line.split()[1] in GROWING
            assert not is_scan or "COVERING INDEX" in line or (name in IN_ORDER and "LIMIT" in statement), line
            assert "AUTOMATIC" not in line, line
            assert "TEMP B-TREE" not in line or name in SORTED, line


def test_every_query_is_walked():
    made = {name for name in vars(EvidenceReader) if not name.startswith("_")}
    assert set(WALK) == made


@files_only
def test_a_file_that_was_begun_without_these_indexes_gets_them_when_its_scan_goes_on(path, store):
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("DROP INDEX refs_page")
    with SqliteEvidenceReader(path) as reader:
        assert reader.references_on(HOME)[1] == 2
    SqliteScanStore(path).close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT 1 FROM sqlite_master WHERE name = 'refs_page'").fetchone()
