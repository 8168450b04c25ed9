"""Third parties of a scan as its store gets them."""

from app.domain.scan_facts import Capture, Hop, HopKind, Reference, Relation
from app.domain.third_parties import OMITTED
from app.engines.capture.capturer import CapturedPage
from app.engines.html.page_content import EMPTY, PageContent
from app.engines.pipeline.capture_selector import CaptureSelector, CaptureTarget
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.scope import Scope
from app.scanstore.reader import SqliteScanReader
from app.scanstore.sqlite import SqliteScanStore
from tests.support.referred_hosts import referred_hosts


def test_references_beyond_the_number_that_is_kept_are_counted_and_a_reader_learns_of_it(tmp_path):
    path = tmp_path / "scan.db"
    store = SqliteScanStore(path)
    third_parties = ThirdPartyIndex(scope=Scope("corp.test"), store=store, selector=CaptureSelector(), max_domains=3)
    urls = [f"http://p{number}.example/" for number in (1, 2, 3, 4, 5, 4)]
    third_parties.add([Reference("http://corp.test/", url, url, Relation.LINK, "a[href]") for url in urls])
    third_parties.save()
    store.flush()
    with SqliteScanReader(path) as reader:
        assert reader.third_parties()[1] == 3
        assert reader.omitted_third_parties() == third_parties.omitted == 3
    assert store.checkpoint(OMITTED) == 3
    store.close()


async def test_a_redirect_that_captures_meet_is_a_reference_once_also_after_a_restart(tmp_path):
    """A page is captured again when scripts have rendered it; two partners that forward to one address are two."""
    partners = [f"http://p{number}.example/{'x' * 300}" for number in (1, 2)]
    casino = "http://casino.example/"
    captures = [
        (CaptureTarget(f"p{number}.example", f"p{number}.example", url), capture_of(url, casino))
        for number, url in enumerate(partners, start=1)
    ]
    store = SqliteScanStore(tmp_path / "scan.db")
    index = ThirdPartyIndex(scope=Scope("corp.test"), store=store, selector=CaptureSelector())
    links = [Reference("http://corp.test/", url, url, Relation.LINK, "a[href]") for url in partners]
    store.add_references(links)
    index.add(links)
    for target, capture in captures:
        away = index.redirects_of(target, capture)
        assert [(one.via, one.url) for one in away] == [(target.url, casino)]
        store.add_references(away)
        index.add(away)
        assert index.redirects_of(target, capture) == []
    assert dict(referred_hosts(store))["casino.example"] == len(partners)
    again = ThirdPartyIndex(scope=Scope("corp.test"), store=store, selector=CaptureSelector())
    assert [targets async for targets in again.load(store.captures())]
    assert [again.redirects_of(*captured) for captured in captures] == [[], []]
    for known in (index, again):
        known.save()
        assert next(party for party in store.third_parties() if party.domain == "casino.example").references == 2
    store.close()


def test_what_a_party_of_no_list_is_seen_to_be_is_for_people_alone(tmp_path):
    store = SqliteScanStore(tmp_path / "scan.db")
    index = ThirdPartyIndex(scope=Scope("corp.test"), store=store, selector=CaptureSelector())
    urls = ["http://inn.example/", "http://hm.baidu.com/", "http://plain.example/"]
    _, targets = index.add([Reference("http://corp.test/", url, url, Relation.LINK, "a[href]") for url in urls])
    content = PageContent(declared=("type:hotel",))
    for target in targets:
        capture = Capture(target.domain, target.host, target.url, target.url, 200)
        index.learn(target, CapturedPage(capture, EMPTY if target.host == "plain.example" else content))
    index.save()
    shown = {party.domain: party.category for party in store.third_parties()}
    assert shown == {"inn.example": "travel", "baidu.com": "analytics", "plain.example": "unknown"}
    assert index.party_of(targets[0]).category == "unknown"  # the analysis trusts the lists
    store.close()


def test_the_page_of_another_says_nothing_of_who_forwards_there(tmp_path):
    store = SqliteScanStore(tmp_path / "scan.db")
    index = ThirdPartyIndex(scope=Scope("corp.test"), store=store, selector=CaptureSelector())
    url = "http://p1.example/"
    _, (target,) = index.add([Reference("http://corp.test/", url, url, Relation.LINK, "a[href]")])
    index.learn(target, CapturedPage(capture_of(url, "http://inn.example/"), PageContent(declared=("type:hotel",))))
    index.save()
    assert [party.category for party in store.third_parties()] == ["unknown"]
    store.close()


def capture_of(url, location):
    host = url.removeprefix("http://").removesuffix("/")
    return Capture(host, host, url, location, 200, (Hop(url, 302, "127.64.0.1", HopKind.HTTP, location),))
