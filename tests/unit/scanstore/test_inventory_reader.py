"""What two scans are compared by is read alike from a file and from PostgreSQL, in bounded pieces."""

from app.domain.coverage import Seen
from app.domain.scan_facts import Capture, FrontierUrl, Hop, HopKind, Reference, Relation, UrlState
from app.scanstore.inventory_reader import StoredPlace

PAGE = "http://a.test/"


def reference(url, relation=Relation.LINK, kind="a[href]", **more):
    return Reference(more.pop("page_url", PAGE), url, url, relation, kind, **more)


def fill(store):
    store.add_references(
        [
            reference("http://b.test/one"),
            reference("http://b.test/two", dom_path="html > body > a"),
            reference("http://b.test/x?sid=1", hidden="display_none"),
            reference("http://b.test/app.js?v=1", Relation.SCRIPT, "script[src]"),
            reference("http://b.test/app.js?v=2", Relation.SCRIPT, "script[src]", page_url="http://a.test/2"),
            reference("http://b.test/api", Relation.MENTION, "comment"),
            reference("http://c.test/", Relation.REDIRECT, "redirect:http", via="http://b.test/go"),
            reference("http://d.test/p.gif", Relation.EMBED, "loaded:image", page_url="http://a.test/2"),
        ]
    )
    store.settle()


def test_ways_are_the_same_whatever_page_or_query_they_have(scan, store):
    fill(store)
    with scan.reader() as reader:
        found = reader.ways_to(["b.test", "c.test"], limit=100)
        assert len(reader.ways_to(["b.test", "c.test"], limit=2)) == 2
    assert sorted((way.host, way.relation, way.address, way.is_hidden) for way in found) == [
        ("b.test", "link", "", False),
        ("b.test", "link", "http://b.test/x?sid=1", True),
        ("b.test", "script", "http://b.test/app.js", False),
        ("c.test", "redirect", "", False),
    ]


def test_places_are_told_page_by_page(scan, store):
    fill(store)
    with scan.reader() as reader:
        assert reader.places_of(["c.test"], limit=10) == [
            StoredPlace("c.test", "redirect", "", False, PAGE, "redirect:http", "http://b.test/go")
        ]
        assert len(reader.places_of(["b.test"], limit=10)) == 4
        assert len(reader.places_of(["b.test"], limit=3)) == 3
        assert reader.places_of(["nowhere.test"], limit=3) == []


def test_pages_that_refer_to_some_hosts_count_once_and_those_that_mention_them_do_not(scan, store):
    fill(store)
    store.add_references(
        [
            reference("http://www.b.test/", page_url="http://a.test/2"),
            reference("http://b.test/", Relation.MENTION, "comment", page_url="http://a.test/3"),
        ]
    )
    store.settle()
    with scan.reader() as reader:
        assert reader.count_pages_with(["b.test", "www.b.test"]) == 2
        assert [reader.count_pages_with([host]) for host in ("www.b.test", "d.test", "nowhere.test")] == [1, 1, 0]
        assert reader.count_pages_with([]) == 0


def test_a_page_is_rendered_when_a_browser_has_found_something_on_it(scan, store):
    fill(store)
    with scan.reader() as reader:
        assert reader.is_rendered("http://a.test/2")
        assert not reader.is_rendered(PAGE)


def test_known_urls_are_read_piece_by_piece(scan, store):
    urls = [f"http://a.test/{number}" for number in range(1, 6)]
    store.add_urls([FrontierUrl(number, url, url, "a.test", 1) for number, url in enumerate(urls, start=1)])
    store.finish_url(1, UrlState.DONE, seen=Seen.JUDGED)
    store.settle()
    with scan.reader() as reader:
        first = reader.urls_after(0, limit=3)
        assert first == [(1, urls[0], Seen.JUDGED.value), (2, urls[1], None), (3, urls[2], None)]
        assert [url for _, url, _ in reader.urls_after(3, limit=3)] == urls[3:]


def test_redirects_are_read_piece_by_piece(scan, store):
    hops = [Hop(f"http://a.test/{number}", 302, "", HopKind.HTTP, "http://b.test/") for number in range(3)]
    store.add_hops(hops)
    store.settle()
    with scan.reader() as reader:
        first = reader.hops_after(0, limit=2)
        assert [hop for _, hop in first] == hops[:2]
        assert [hop for _, hop in reader.hops_after(first[-1][0], limit=2)] == hops[2:]


def test_captures_are_read_as_fields_also_those_with_half_characters(scan, store):
    for number, title in enumerate(["Pumps", "half \ud83d"]):
        store.put_capture(Capture("b.test", f"h{number}.b.test", "http://b.test/", "http://c.test/", 200, title=title))
    store.settle()
    with scan.reader() as reader:
        ((host, url, domain, fields),) = reader.capture_fields_after("", "", limit=1)
        assert (host, url, domain, fields["final_url"]) == (
            "h0.b.test",
            "http://b.test/",
            "b.test",
            "http://c.test/",
        )
        (second,) = reader.capture_fields_after(host, url, limit=5)
        assert second[3]["title"].startswith("half")


def test_a_missing_store_has_nothing(scan):
    with scan.reader() as reader:
        assert reader.ways_to(["b.test"], limit=5) == []
        assert reader.urls_after(0, limit=5) == []
        assert not reader.is_rendered(PAGE)
