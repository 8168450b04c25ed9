"""What a scan has stored becomes what two scans are compared by."""

from contextlib import closing

import pytest

from app.domain.coverage import Seen
from app.domain.inventory import NO_NAME, Certificate, Place, Registration, Showing, Way
from app.domain.scan_facts import (
    Capture,
    FetchError,
    FrontierUrl,
    Hop,
    HopKind,
    HostFact,
    Reference,
    Relation,
    ThirdParty,
    TlsFacts,
    UrlState,
)
from app.domain.scan_facts import Registration as StoredRegistration
from app.domain.scan_facts import RegistrationState as State
from app.domain.second_looks import SECOND_LOOKS, LookOutcome, SecondLook
from app.domain.third_parties import OMITTED, Outcome
from app.inventory import loader as loader_module
from app.inventory.loader import InventoryLoader
from app.scanstore.evidence_reader import SqliteEvidenceReader
from app.scanstore.sqlite import SqliteScanStore

PAGE, OTHER = "http://a.test/", "http://a.test/2"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan-1.db"


@pytest.fixture
def store(path):
    with closing(SqliteScanStore(path)) as opened:
        yield opened


def loader(path):
    return InventoryLoader(SqliteEvidenceReader(path), site="a.test", registrable_of=lambda host: host)


def load(path, store):
    store.settle()
    return loader(path).load({})


def refer(store, url, relation=Relation.LINK, *, page=PAGE, kind="a[href]", **more):
    store.add_references([Reference(page, url, url, relation, kind, **more)])


def party(store, domain, *hosts, **more):
    store.put_third_party(ThirdParty(domain, hosts or (domain,), **{"relation": Relation.LINK, **more}))


def test_third_parties_that_are_only_mentioned_are_left_out(path, store):
    party(store, "b.test", category="ads", example_page=PAGE)
    party(store, "c.test", relation=Relation.MENTION)
    found = load(path, store)
    assert [(one.domain, one.category, one.page) for one in found.parties.values()] == [("b.test", "ads", PAGE)]
    assert found.is_whole


def test_a_scan_that_left_some_out_is_not_whole(path, store):
    store.put_checkpoint(OMITTED, 3)
    assert not load(path, store).is_whole


def test_ways_are_those_of_all_hosts_and_pages(path, store):
    party(store, "b.test", "www.b.test", "js.b.test")
    refer(store, "http://www.b.test/1")
    refer(store, "http://www.b.test/2", page=OTHER)
    refer(store, "http://js.b.test/app.0a1b2c3d.js?v=1", Relation.SCRIPT)
    refer(store, "http://www.b.test/x?sid=9", hidden="display_none")
    (found,) = load(path, store).parties.values()
    assert found.ways == {Way("link"), Way("script", "http://js.b.test/app.*.js")}
    assert found.hidden == {"http://www.b.test/x"}


def test_one_with_too_many_ways_is_not_compared_by_them_and_the_others_are(path, store, monkeypatch):
    monkeypatch.setattr(loader_module, "MAX_WAYS", 3)
    party(store, "b.test")
    party(store, "c.test")
    for number in range(9):
        refer(store, f"http://b.test/{chr(97 + number)}.js", Relation.SCRIPT)
    refer(store, "http://c.test/")
    ways = {name: one.ways for name, one in load(path, store).parties.items()}
    assert ways == {"b.test": None, "c.test": {Way("link")}}


def test_places_say_who_sends_there_and_what_only_a_browser_shows(path, store):
    party(store, "b.test")
    party(store, "c.test", relation=Relation.REDIRECT)
    refer(store, "http://b.test/", page=f"{PAGE}?PHPSESSID=1")
    refer(store, "http://b.test/p.gif", Relation.EMBED, page=OTHER, kind="loaded:image")
    refer(store, "http://c.test/", Relation.REDIRECT, kind="redirect:http", via="http://b.test/go")
    refer(
        store, "http://b.test/", Relation.REDIRECT, kind="redirect:http", snippet="http://c.test/"
    )  # an older version
    store.settle()
    reading = loader(path)
    found = reading.with_places(reading.load({}), ["b.test", "c.test", "nowhere.test"]).places
    assert set(found["b.test"]) == {
        Place(PAGE, Way("link")),
        Place(OTHER, Way("embed"), is_rendered=True),
        Place(PAGE, Way("redirect"), via="c.test"),
    }
    assert found["c.test"] == [Place(PAGE, Way("redirect"), via="b.test")]
    assert found.keys() == {"b.test", "c.test"}


def test_of_one_with_too_many_places_there_are_none(path, store, monkeypatch):
    monkeypatch.setattr(loader_module, "MAX_PLACES", 4)
    party(store, "b.test")
    party(store, "c.test")
    for number in range(20):
        refer(store, "http://b.test/", page=f"{PAGE}{number}")
    refer(store, "http://c.test/")
    store.settle()
    reading = loader(path)
    found = reading.with_places(reading.load({}), ["b.test", "c.test"]).places
    assert found == {"c.test": [Place(PAGE, Way("link"))]}


def test_pages_that_showed_something_were_read_also_those_that_are_gone(path, store):
    shown = {PAGE: Seen.JUDGED, OTHER: Seen.GONE, "http://a.test/3": Seen.SERVER_ERROR, "http://a.test/4": None}
    for number, (url, seen) in enumerate(shown.items(), start=1):
        store.add_urls([FrontierUrl(number, url, url, "a.test", 1)])
        if seen is not None:
            store.finish_url(number, UrlState.DONE, seen=seen)
    assert load(path, store).read == {PAGE, OTHER}


def test_pages_count_as_having_shown_what_a_second_look_says(path, store):
    url = "http://b.test/"
    party(store, "b.test")
    for one in (url, PAGE):
        domain = "b.test" if one == url else "a.test"
        store.put_capture(Capture(domain, domain, one, one, 200, title="Hacked"))
    second = SecondLook(LookOutcome.AS_BEFORE, Showing("content", "b.test", url, "About"))
    failed = SecondLook(LookOutcome.FAILED)
    store.put_checkpoint(SECOND_LOOKS, {url: second.to_json(), PAGE: failed.to_json()})
    found = load(path, store)
    shown = found.parties["b.test"].showings[url]
    assert (shown.title, shown.shown_once) == ("About", "Hacked")
    assert (found.own[PAGE].title, found.own[PAGE].is_unconfirmed) == ("Hacked", True)
    assert loader(path).own_showings() == found.own


def test_what_a_browser_has_rendered_is_asked_of_some_pages(path, store):
    refer(store, "http://b.test/p.gif", Relation.EMBED, page=OTHER, kind="loaded:image")
    store.settle()
    assert loader(path).rendered_among({PAGE: PAGE, OTHER: OTHER}) == {OTHER}


def test_redirects_lead_to_other_domains(path, store):
    party(store, "b.test", "www.b.test")
    hops = {"http://a.test/go": "http://www.b.test/x", "http://a.test/in": "http://www.a.test/"}
    store.add_hops([Hop(url, 302, "", HopKind.HTTP, location) for url, location in hops.items()])
    assert load(path, store).redirects == {"http://a.test/go": "b.test"}


def test_own_hosts_have_the_provider_of_their_alias(path, store):
    store.put_host(HostFact("a.test", ("target",), ("127.64.0.1",)))
    store.put_host(HostFact("www.a.test", ("page",), ("127.64.0.1",), cnames=("a.node7.cdn.test.",)))
    store.put_host(HostFact("gone.a.test", ("page",)))
    assert load(path, store).hosts == {"a.test": "", "www.a.test": "cdn.test"}


def capture(url, *, domain="b.test", host="www.b.test", **more):
    values = {"final_url": url, "status": 200, "title": "About", **more}
    return Capture(domain, host, url, **values)


def test_captures_say_what_a_third_party_shows(path, store):
    party(store, "b.test", "www.b.test")
    party(store, "c.test", "www.c.test")
    registration = StoredRegistration("b.test", State.REGISTERED, "rdap.test", "2026-12-01", "2011-04-12")
    tls = TlsFacts("b.test", "Example CA 3", ("b.test",), valid=False, error="certificate has expired")
    store.put_capture(capture("http://www.b.test/", registration=registration, tls=tls, look="ab"))
    store.put_capture(capture("http://www.b.test/x?t=1", final_url="http://www.c.test/"))
    store.put_capture(capture("http://old.b.test/", host="old.b.test", dead=True, error=FetchError.DNS))
    store.put_capture(capture("http://slow.b.test/", host="slow.b.test", error=FetchError.TIMEOUT))
    store.put_capture(capture(PAGE, domain="a.test", host="a.test", title="Home"))
    found = load(path, store)
    showings = found.parties["b.test"].showings
    assert showings["http://www.b.test/"] == Showing("content", "b.test", "http://www.b.test/", "About", "ab")
    assert showings["http://www.b.test/x"].site == "c.test"
    assert showings["http://old.b.test/"].kind == NO_NAME
    assert not showings["http://slow.b.test/"].says_something
    assert found.parties["b.test"].outcome is Outcome.EXAMINED
    assert found.parties["b.test"].registration == Registration("registered", "rdap.test", "2011-04-12", "")
    assert found.certificates == {"www.b.test": Certificate("example ca", frozenset({"b.test"}), "expired")}
    assert [one.title for one in found.own.values()] == ["Home"]
