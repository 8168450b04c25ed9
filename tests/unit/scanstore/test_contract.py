"""What every store of a scan promises (`engines.ports.ScanStore`)."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.scan_facts import (
    Capture,
    Counts,
    DnsAnswer,
    DnsOutcome,
    DnsRecord,
    FetchError,
    FrontierUrl,
    Hop,
    HopKind,
    HostFact,
    PageFact,
    Reference,
    Registration,
    RegistrationState,
    Relation,
    ThirdParty,
    TlsFacts,
    UrlState,
)
from app.scanstore.errors import StoreLocked, StoreUnavailable
from tests.support.databases import files_only
from tests.support.referred_hosts import referred_hosts

HOST = HostFact("www.a.test", ("dictionary", "crt.sh"), ("127.64.0.1",), ("a.cdn.test",), http_alive=True)


def url(number: int, *, depth: int = 0, state: UrlState = UrlState.PENDING) -> FrontierUrl:
    address = f"https://a.test/{number}"
    return FrontierUrl(number, address, address, "a.test", depth, pattern="a.test/#", hops=1, state=state)


def reference(target: str = "https://b.test/x", page: str = "https://a.test/", kind: str = "a[href]") -> Reference:
    return Reference(page, target, "//b.test/x", Relation.LINK, kind, "html > a", "<a>", "text", "display_none", "ugc")


def capture(host: str = "b.test") -> Capture:
    return Capture(
        domain="b.test",
        host=host,
        url=f"https://{host}/",
        final_url=f"https://{host}/home",
        status=200,
        hops=(Hop(f"https://{host}/", 302, "127.64.0.2", HopKind.HTTP, f"https://{host}/home"),),
        title="标题 \ud83d",
        html_sha256="aa",
        addresses=("127.64.0.2",),
        dns=DnsAnswer("b.test", DnsOutcome.ANSWER, (DnsRecord("b.test", "A", "127.64.0.2", 60),)),
        tls=TlsFacts("CN=b.test", names=("b.test",), valid=True),
        error=FetchError.TOO_SLOW,
        registration=Registration(
            "b.test", RegistrationState.REGISTERED, "rdap.test", "2026-11-26", "2024-05-17", statuses=("active",)
        ),
    )


def test_what_was_flushed_is_there_after_reopening(open_store):
    store = open_store()
    store.put_host(HOST)
    store.add_urls([url(1), url(2, depth=1)])
    store.add_references([reference()])
    party = ThirdParty("b.test", ("b.test", "x.b.test"), "ads", 3, Relation.SCRIPT, 1, "https://a.test/")
    store.put_third_party(party)
    store.put_capture(capture())
    store.put_checkpoint("stage", {"done": ["x"]})
    store.close()

    again = open_store()

    assert again.hosts() == [HOST]
    assert list(again.load_urls()) == [url(1), url(2, depth=1)]
    assert list(again.references()) == [reference()]
    assert again.third_parties() == [party]
    assert again.captures() == [capture()]
    assert again.checkpoint("stage") == {"done": ["x"]}


def test_who_redirects_and_who_loaded_it_is_kept(open_store):
    redirect = replace(reference(), kind="redirect:http", via="https://c.test/" + "x" * 500)
    loaded = replace(reference(), kind="loaded:script", loaded_by=("https://c.test/t.js", "https://a.test/"))
    store = open_store()
    store.add_references([redirect, loaded])
    store.close()
    again = open_store()
    again.add_references([redirect, loaded])
    assert list(again.references()) == [redirect, loaded]


def test_a_checkpoint_never_put_is_none(open_store):
    assert open_store().checkpoint("nothing") is None


@files_only
def test_a_second_opening_is_refused_while_the_first_lives(open_store):
    first = open_store()
    with pytest.raises(StoreLocked):
        open_store()
    first.close()
    open_store()


def test_a_closed_store_says_so(open_store):
    store = open_store()
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable):
        store.put_host(HOST)


def test_the_newest_fact_about_a_host_replaces_the_older(open_store):
    store = open_store()
    store.put_host(HostFact("www.a.test", ("dictionary",)))
    store.put_host(HOST)
    assert store.hosts() == [HOST]


def test_a_finished_url_keeps_its_state_and_links(open_store):
    store = open_store()
    store.add_urls([url(1), url(2), url(3)])
    store.finish_url(1, UrlState.DONE, [2, 3])
    store.finish_url(2, UrlState.REFUSED)
    assert [found.state for found in store.load_urls()] == [UrlState.DONE, UrlState.REFUSED, UrlState.PENDING]
    assert list(store.links_of(1)) == [2, 3]
    assert list(store.links_of(2)) == []
    assert list(store.links_of(9)) == []


async def test_what_an_earlier_attempt_has_left_is_read_in_any_thread(open_store):
    store = open_store()
    store.add_urls([url(1), url(2)])
    store.add_references([reference()])
    store.put_capture(capture())
    store.close()
    again = open_store()
    assert await asyncio.to_thread(list, again.load_urls()) == [url(1), url(2)]
    assert await asyncio.to_thread(list, again.references()) == [reference()]
    assert await asyncio.to_thread(again.captures) == [capture()]
    assert (await asyncio.to_thread(again.counts)).urls_known == 2
    again.add_urls([url(3)])
    again.flush()
    assert again.url_of(3) == url(3)


def test_a_shorter_way_shows_on_the_url_and_on_its_page(open_store):
    store = open_store()
    store.add_urls([url(1, depth=4)])
    store.add_page(PageFact("https://a.test/1", 4, 200, parsed=True))
    store.set_depths({1: 2})
    assert next(store.load_urls()).depth == 2


def test_references_are_known_by_page_url_and_kind(open_store):
    store = open_store()
    store.add_references([reference(), reference()])
    assert referred_hosts(store) == [("b.test", 1)]
    store.add_references([reference(kind="img[src]"), reference(page="https://a.test/2"), reference()])
    assert len(list(store.references())) == 3
    assert referred_hosts(store) == [("b.test", 3)]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://b.test/x", "b.test"),
        ("https://b.test:8443/x", "b.test"),
        ("http://user:p%40ss@b.test?q=//c.test", "b.test"),
        ("http://[2001:db8::1]:80/", "2001:db8::1"),
        ("https://b.test./", "b.test"),
        ("ws://b.test#x", "b.test"),
        ("data:,x", ""),
    ],
)
def test_the_host_is_read_from_the_url(open_store, address, host):
    store = open_store()
    store.add_references([reference(address)])
    assert referred_hosts(store) == [(host, 1)]


def test_half_a_surrogate_pair_in_a_text_is_stored_as_a_question_mark(open_store):
    store = open_store()
    store.add_references(
        [Reference("https://a.test/", "https://b.test/", "x\ud800y", Relation.MENTION, "script:string")]
    )
    store.add_page(PageFact("https://a.test/", 0, 200, title="t\ud800"))
    assert next(store.references()).raw == "x?y"


def test_counts_follow_the_definitions(open_store):
    store = open_store()
    store.put_host(HOST)
    store.put_host(HostFact("gone.a.test", ("crt.sh",)))
    store.put_host(HostFact("any.a.test", ("page",), ("127.64.0.9",), wildcard=True))
    store.add_urls([url(1), url(2), url(3)])
    store.finish_url(1, UrlState.DONE)
    store.finish_url(2, UrlState.FAILED)
    store.add_page(PageFact("https://a.test/1", 0, 200, parsed=True))
    store.add_page(PageFact("https://a.test/2", 0, 404))
    store.put_third_party(ThirdParty("b.test", ("b.test",)))
    store.put_capture(capture())
    store.put_capture(capture())
    assert store.counts() == Counts(subdomains=1, pages=1, third_parties=1, captures=1, urls_known=3, urls_crawled=1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.booleans(), max_size=5), max_size=6))
def test_a_process_that_dies_keeps_whole_batches_only(open_store, batches):
    """`batches`: True finishes an URL, False adds one; after each batch a flush, and one more batch without."""
    store = open_store()
    before = list(store.load_urls())
    number, done = len(before), sum(found.state is UrlState.DONE for found in before)
    for batch in batches:
        for finishes in batch:
            if finishes and done < number:
                done += 1
                store.finish_url(done, UrlState.DONE, [number])
                store.add_page(PageFact(f"https://a.test/{done}", 0, 200, parsed=True))
            else:
                number += 1
                store.add_urls([url(number)])
        store.flush()
    counts = store.counts()
    store.close()
    again = open_store()
    assert again.counts() == counts
    assert [found.id for found in again.load_urls()] == list(range(1, number + 1))
    again.close()
