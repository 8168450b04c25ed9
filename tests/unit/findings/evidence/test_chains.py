"""The way from a page of the site to what was captured."""

from app.domain.scan_facts import Capture, FrontierUrl, Hop, HopKind, PageFact, Reference, Relation
from app.findings.evidence.chains import ChainBuilder
from app.findings.evidence.exposures import Site
from tests.unit.findings.evidence.conftest import CASINO, HOME, PARTNER, PARTNERS, link, redirect


def chains(reader, domain):
    references, _ = reader.references_to(reader.hosts_of([domain]).get(domain, [domain]))
    return ChainBuilder(reader, Site("corp.test")).build(references, reader.captures_of(domain))


def walked(chain):
    return [(step.url, step.how, step.status, step.address) for step in chain.steps]


def test_a_link_and_the_redirects_behind_it(reader):
    (chain,) = chains(reader, "partner.test")
    assert walked(chain) == [
        (PARTNERS, "", 200, "192.0.2.9"),
        (PARTNER, "link", 302, "192.0.2.1"),
        (CASINO, "http", 200, "192.0.2.2"),  # as the capture of its own shows
    ]
    assert chain.is_complete


def test_a_domain_reached_only_through_a_partners_redirect_says_so(reader):
    (chain,) = chains(reader, "casino.test")
    assert walked(chain) == [
        (PARTNERS, "", 200, "192.0.2.9"),
        (PARTNER, "link", 302, "192.0.2.1"),
        (CASINO, "http", 200, "192.0.2.2"),
    ]


def test_a_partner_that_redirects_from_a_long_url_is_found_by_it(store, reader):
    long = f"http://long.test/go?to={'x' * 300}"
    store.add_references([link(HOME, long), redirect(HOME, "http://end.test/", long)])
    store.put_capture(
        Capture(
            "long.test",
            "long.test",
            long,
            "http://end.test/",
            200,
            (Hop(long, 302, "192.0.2.8", HopKind.HTTP, "http://end.test/"),),
        )
    )
    store.flush()
    (chain,) = chains(reader, "end.test")
    assert walked(chain)[1] == (long, "link", 302, "192.0.2.8")


def test_partners_that_forward_to_each_other_are_all_on_the_way(store, reader):
    a, b, c = "http://a.test/", "http://b.test/", "http://c.test/"
    to_b, to_c = Hop(a, 301, "192.0.2.3", HopKind.META, b), Hop(b, 302, "192.0.2.4", HopKind.SCRIPT, c)
    store.add_references([link(HOME, a), redirect(HOME, b, a, "meta"), redirect(HOME, c, b, "script")])
    store.put_capture(Capture("a.test", "a.test", a, c, 200, (to_b, to_c)))
    store.put_capture(Capture("b.test", "b.test", b, c, 200, (to_c,)))
    store.put_capture(Capture("c.test", "c.test", c, c, 200, addresses=("192.0.2.5",)))
    store.flush()
    (chain,) = chains(reader, "c.test")
    assert walked(chain) == [
        (HOME, "", 200, "192.0.2.9"),
        (a, "link", 301, "192.0.2.3"),
        (b, "meta", 302, "192.0.2.4"),
        (c, "script", 200, "192.0.2.5"),
    ]


def test_partners_that_forward_in_a_circle_end(store, reader):
    a, b = "http://a.test/", "http://b.test/"
    store.add_references([redirect(HOME, a, b), redirect(HOME, b, a)])
    store.put_capture(Capture("a.test", "a.test", a, a, 0, (Hop(a, 302, "", HopKind.HTTP, b),)))
    store.put_capture(Capture("b.test", "b.test", b, b, 0, (Hop(b, 302, "", HopKind.HTTP, a),)))
    store.flush()
    (chain,) = chains(reader, "a.test")
    assert chain.steps[0].url == HOME
    assert len(chain.steps) < 20


def test_a_partner_that_was_not_captured_is_named_all_the_same(store, reader):
    store.add_references([redirect(HOME, "http://x.test/", "http://lost.test/")])
    store.flush()
    (chain,) = chains(reader, "x.test")
    assert [step.url for step in chain.steps] == [HOME, "http://lost.test/", "http://x.test/"]
    assert not chain.is_complete


def test_a_chain_begins_with_the_reference_on_the_sites_page(reader):
    (chain,) = chains(reader, "casino.test")
    assert (chain.reference.fact.url, chain.origin.fact.url, chain.origin.fact.text) == (CASINO, PARTNER, "Partner")
    (direct,) = chains(reader, "partner.test")
    assert direct.origin == direct.reference


def test_addresses_of_the_site_that_forward_to_each_other_are_all_on_the_way(store, reader):
    go, on, away = "https://www.corp.test/go", "https://www.corp.test/on", "https://phish.test/"
    store.add_hops(
        [
            Hop(go, 302, "192.0.2.6", HopKind.HTTP, on),
            Hop(on, 200, "192.0.2.7", HopKind.META, away),
            Hop(on, 200, "192.0.2.7", HopKind.HTTP, go),  # in a circle
        ]
    )
    store.add_page(PageFact(on, 1, 200, parsed=True))
    store.add_references([Reference(on, away, away, Relation.REDIRECT, "meta:refresh")])
    store.put_capture(Capture("phish.test", "phish.test", away, away, 200, last_status=200, last_address="192.0.2.8"))
    store.flush()
    (chain,) = chains(reader, "phish.test")
    assert walked(chain) == [
        (go, "", 302, "192.0.2.6"),
        (on, "http", 200, "192.0.2.7"),
        (away, "redirect", 200, "192.0.2.8"),
    ]


def test_a_way_through_an_address_of_the_site_begins_on_the_page_that_links_to_it(store, reader):
    go, away = "https://www.corp.test/go?to=1", "https://phish.test/"
    store.add_urls(
        [FrontierUrl(1, PARTNERS, PARTNERS, "www.corp.test", 1), FrontierUrl(2, go, go, "www.corp.test", 2, found_on=1)]
    )
    store.add_page(PageFact(go, 2, 302))
    store.add_hops([Hop(go, 302, "192.0.2.6", HopKind.HTTP, away)], found_on=1)
    store.add_references([redirect(go, away)])
    store.put_capture(Capture("phish.test", "phish.test", away, away, 200, last_status=200, last_address="192.0.2.8"))
    store.flush()
    (chain,) = chains(reader, "phish.test")
    assert walked(chain) == [
        (PARTNERS, "", 200, "192.0.2.9"),
        (go, "link", 302, "192.0.2.6"),
        (away, "redirect", 200, "192.0.2.8"),
    ]
    assert (chain.linked_from.url, chain.linked_from.depth) == (PARTNERS, 1)
    assert chain.origin.fact.page_url == go


def test_a_capture_is_led_to_by_a_reference_that_is_not_among_the_preferred_ones(store, reader):
    store.add_references([link(HOME, f"http://shop.test/{number}") for number in range(3)])
    store.put_capture(Capture("shop.test", "shop.test", "http://shop.test/b", "http://shop.test/b", 200))
    store.flush()
    preferred = [one for one in reader.references_to(["shop.test"])[0] if one.fact.url != "http://shop.test/b"]
    (chain,) = ChainBuilder(reader, Site("corp.test")).build(preferred, reader.captures_of("shop.test"))
    assert chain.reference.fact.url == "http://shop.test/b"


def test_where_a_script_leads_away_the_answer_is_that_of_another_capture_or_unknown(store, reader):
    """What our own reading did not ask for has no answer of ours: never that of the page with the script."""
    page, end = "http://moved.test/", "http://end.test/x"
    store.add_references([link(HOME, page), redirect(HOME, end, page, "script")])
    hop = Hop(page, 200, "192.0.2.3", HopKind.SCRIPT, end)
    store.put_capture(Capture("moved.test", "moved.test", page, end, 200, (hop,)))
    store.flush()
    (chain,) = chains(reader, "moved.test")
    assert walked(chain)[1:] == [(page, "link", 200, "192.0.2.3"), (end, "script", 0, "")]

    seen = {"addresses": ("192.0.2.4",), "last_status": 206, "last_address": "192.0.2.4"}
    store.put_capture(Capture("end.test", "end.test", end, end, 206, **seen))
    store.flush()
    (chain,) = chains(reader, "moved.test")
    assert walked(chain)[1:] == [(page, "link", 200, "192.0.2.3"), (end, "script", 206, "192.0.2.4")]


def test_every_address_on_the_way_has_its_answer_the_last_one_too(store, reader):
    """Also a download, which leaves the browser on the page that started it."""
    page, file = "http://update.test/", "http://update.test/setup.exe"
    store.add_references([link(HOME, page)])
    hop = Hop(page, 200, "192.0.2.3", HopKind.SCRIPT, file)
    lasts = {"last_status": 206, "last_address": "192.0.2.4"}
    store.put_capture(Capture("update.test", "update.test", page, page, 200, (hop,), **lasts))
    store.flush()
    (chain,) = chains(reader, "update.test")
    assert walked(chain)[1:] == [(page, "link", 200, "192.0.2.3"), (file, "script", 206, "192.0.2.4")]
    assert chain.final_url == page


def test_what_is_loaded_and_not_captured_ends_at_its_address(store, reader):
    script = "http://js.test/lib.js"
    store.add_references([Reference(HOME, script, script, Relation.SCRIPT, "script[src]")])
    store.put_capture(Capture("js.test", "js.test", "http://js.test/", "http://js.test/", 200))
    store.flush()
    (chain,) = chains(reader, "js.test")
    assert [(step.url, step.how, step.kind) for step in chain.steps] == [
        (HOME, "", ""),
        (script, "script", "script[src]"),
    ]
    assert not chain.is_complete


def test_a_page_that_starts_a_download_is_what_was_captured(store, reader):
    page, program = "http://dl.test/", "http://dl.test/setup.exe"
    store.add_references([link(HOME, page)])
    hop = Hop(page, 200, "192.0.2.9", HopKind.META, program)
    store.put_capture(Capture("dl.test", "dl.test", page, page, 200, (hop,)))
    store.flush()
    (chain,) = chains(reader, "dl.test")
    assert walked(chain)[1:] == [(page, "link", 200, "192.0.2.9"), (program, "meta", 0, "")]
    assert chain.final_url == page


def test_without_references_there_is_no_way(reader):
    assert chains(reader, "nobody.test") == []
