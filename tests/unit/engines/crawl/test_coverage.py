"""The end of a crawl: what was seen of each host, and what deserves a warning."""

from collections import Counter
from dataclasses import replace

import pytest

from app.domain.coverage import CrawlCutoff, Seen
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import FetchError, Hop, HopKind, HostFact, UrlState
from app.engines.crawl.coverage import HOSTS_NAMED, CoverageReporter
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.robots import parse_robots
from app.engines.crawl.start_pages import StartPages
from app.engines.crawl.traps import TrapDetector
from app.engines.model import FetchResult, NetworkConfig, ScanConfig
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher

ROOT = "https://a.test/"
AGENT = NetworkConfig().user_agent
HAN = 0x4E00


def text(number):
    return f"<p>{chr(HAN + number)}</p>"


def article_links(site, count):
    site.links(ROOT, *(f"/{number}" for number in range(count)))
    for number in range(count):
        site.page(f"{ROOT}{number}", text(number))


async def test_everything_is_counted_by_what_became_of_it(site, crawl, sink):
    site.page(ROOT + "robots.txt", "User-agent: *\nDisallow: /private", content_type="text/plain")
    paths = ("private/1", "gone", "denied", "broken", "x.pdf", "s.css", "deep", "refused", "https://none.a.test/1")
    site.links(ROOT, *paths, "/moved")
    site.page(ROOT + "denied", "no", status=403)
    site.page(ROOT + "broken", "no", status=500)
    site.page(ROOT + "x.pdf", b"%PDF", content_type="application/pdf")
    site.page(ROOT + "s.css", "a{}", content_type="text/css")
    site.links(ROOT + "deep", "/deeper")
    site.fail(ROOT + "refused", FetchError.BLOCKED)
    site.redirect(ROOT + "moved", "/deep")
    crawler = await crawl(max_depth=1)
    assert crawler.coverage.hosts == {
        "a.test": {
            Seen.JUDGED: 4,
            Seen.NOT_HTML: 1,
            Seen.GONE: 1,
            Seen.CLIENT_ERROR: 1,
            Seen.SERVER_ERROR: 1,
            Seen.ROBOTS: 1,
            Seen.DEPTH: 1,
            Seen.LIMIT: 1,
        },
        "none.a.test": {Seen.NO_HOST: 1},
    }
    assert crawler.coverage.start_page
    assert sorted(sink.missed) == [
        ("client_error", "a.test", 1),
        ("depth", "a.test", 1),
        ("limit", "a.test", 1),
        ("robots", "a.test", 1),
        ("server_error", "a.test", 1),
    ]


async def test_the_hosts_with_the_most_are_named_and_the_others_added_up(site, crawl, make_host, sink):
    hosts = [make_host()] + [make_host(f"h{number}.a.test", f"127.64.1.{number}") for number in range(8)]
    for number, fact in enumerate(hosts):
        site.links(f"https://{fact.name}/", *(f"/d{one}" for one in range(number + 1)))
        for one in range(number + 1):
            site.page(f"https://{fact.name}/d{one}", "no", status=403)
    await crawl(hosts=hosts)
    assert sink.missed == [
        *(("client_error", f"h{number}.a.test", number + 2) for number in (7, 6, 5, 4, 3)),
        ("client_error", None, 1 + 2 + 3 + 4),
    ]


async def test_a_firewall_that_calls_everything_gone_is_found_out(site, crawl, sink):
    article_links(site, 30)
    ask, asked = site.fetch, 0

    async def fetch(url, **options):
        nonlocal asked
        asked += 1
        return await ask(url if asked <= 20 else ROOT + "nothing", **options)

    site.fetch = fetch
    crawler = await crawl()
    assert Seen.GONE not in crawler.coverage.total
    assert sink.missed == [("client_error", "a.test", crawler.coverage.total[Seen.CLIENT_ERROR])]


async def test_pages_that_are_really_gone_cost_nothing(site, crawl, sink):
    article_links(site, 30)
    for number in range(10):
        del site.answers[f"{ROOT}{number}"]
    crawler = await crawl()
    assert crawler.coverage.total == {Seen.JUDGED: 21, Seen.GONE: 10}
    assert sink.missed == []


async def test_what_leads_to_a_sign_in_lies_behind_it(site, crawl, sink):
    site.links(ROOT, "/account", "/orders", "/login")
    site.page(ROOT + "login", '<form><input type="password"></form>')
    for path in ("account", "orders"):
        site.redirect(ROOT + path, f"/login?next={path}")
        site.page(f"{ROOT}login?next={path}", '<form><input type="password"></form>')
    crawler = await crawl()
    assert crawler.coverage.total == {Seen.JUDGED: 1, Seen.SIGN_IN: 5}
    assert crawler.coverage.start_page


@pytest.mark.parametrize(
    ("prepare", "shown"),
    [
        (lambda site: site.links(ROOT), True),
        (lambda site: site.page(ROOT, "no", status=500), False),
        (lambda site: site.page(ROOT, "no", status=404), False),
        (lambda site: site.redirect(ROOT, "https://else.test/"), False),
        (lambda site: site.redirect(ROOT, "/"), False),
        (lambda site: (site.redirect(ROOT, "/home"), site.links(ROOT + "home")), True),
        (lambda site: (site.redirect(ROOT, "/in"), site.page(ROOT + "in", "<input type=password>")), False),
        (lambda site: site.page(ROOT, "<p>Accept cookies"), False),
        (lambda site: site.page(ROOT, "<div id=app></div><script src=/a.js></script>"), False),
        (lambda site: site.page(ROOT, b"%PDF", content_type="application/pdf"), False),
    ],
)
async def test_a_start_page_shows_something_or_it_does_not(site, crawl, prepare, shown):
    prepare(site)
    assert (await crawl()).coverage.start_page is shown


async def test_every_start_url_has_to_show_something(site, crawl):
    site.links(ROOT + "a")
    assert (await crawl(start_urls=(ROOT + "a",))).coverage.start_page
    assert not (await crawl(start_urls=(ROOT + "a", ROOT + "b"))).coverage.start_page


async def test_the_www_host_stands_for_a_target_that_has_no_server_of_its_own(site, crawl, make_host):
    site.links("https://www.a.test/")
    dead = HostFact("a.test", ("target",), ("127.64.0.1",))
    crawler = await crawl(hosts=[dead, make_host("www.a.test", "127.64.0.2")])
    assert crawler.coverage.start_page
    other = await crawl(hosts=[dead, make_host("shop.a.test", "127.64.0.3")])
    assert not other.coverage.start_page


async def test_a_target_that_answers_nobody_is_asked_all_the_same_and_named(site, crawl, sink, moments):
    site.fail("http://a.test/robots.txt", FetchError.TIMEOUT)
    crawler = await crawl(hosts=[HostFact("a.test", ("target",), ("127.64.0.1",))])
    assert not crawler.coverage.start_page
    assert sink.missed == [("host_given_up", "a.test", 1)]
    assert moments.now <= 120


async def test_a_target_that_was_away_when_discovery_looked_is_read_all_the_same(site, crawl, sink):
    site.links("http://a.test/", "/x", "/y")
    for path in ("x", "y", "from-the-map"):
        site.page(f"http://a.test/{path}", f"<p>{path}")
    site.page("http://a.test/sitemap.xml", "http://a.test/from-the-map", content_type="text/plain")
    crawler = await crawl(hosts=[HostFact("a.test", ("target",), ("127.64.0.1",))])
    assert crawler.coverage.start_page
    assert crawler.pages == 4
    assert sink.missed == []


async def test_the_limit_that_ended_it_is_known(site, crawl):
    article_links(site, 30)
    crawler = await crawl(max_pages=10)
    assert crawler.coverage.cut is CrawlCutoff.PAGES
    assert crawler.coverage.total == {Seen.JUDGED: 10, Seen.LIMIT: 21}


@pytest.mark.parametrize(
    ("status", "seen"), [(403, Seen.CLIENT_ERROR), (500, Seen.SERVER_ERROR), (404, Seen.GONE), (200, Seen.JUDGED)]
)
async def test_a_redirect_counts_as_what_it_leads_to(site, crawl, status, seen):
    article_links(site, 2)
    for number in range(2):
        site.redirect(f"{ROOT}{number}", "/sorry")
    site.page(ROOT + "sorry", "<p>Sorry", status=status)
    crawler = await crawl()
    assert crawler.coverage.total == Counter([Seen.JUDGED, seen, seen, seen])


async def test_redirects_that_lead_away_are_read_and_those_that_lead_nowhere_are_not(site, crawl):
    site.links(ROOT, "/away", "/round", "/endless0")
    site.redirect(ROOT + "away", "https://else.test/")
    site.redirect(ROOT + "round", "/about")
    site.redirect(ROOT + "about", "/round")
    for number in range(20):
        site.redirect(f"{ROOT}endless{number}", f"/endless{number + 1}")
    crawler = await crawl()
    asked = sum("endless" in url for url in site.asked)
    assert crawler.coverage.total == {Seen.JUDGED: 2, Seen.NO_ANSWER: 2, Seen.TRAP: asked}


async def test_a_firewall_that_leads_everybody_to_a_page_that_is_gone_is_found_out(site, crawl):
    article_links(site, 30)
    ask, asked = site.fetch, 0

    async def fetch(url, **options):
        nonlocal asked
        asked += 1
        if asked > 20 and not url.endswith("/nothing"):
            site.redirect(ROOT + "blocked", "/nothing")
            return replace(await ask(ROOT + "blocked", **options), url=url)
        return await ask(url, **options)

    site.fetch = fetch
    crawler = await crawl()
    assert crawler.coverage.total[Seen.JUDGED] < 30
    assert Seen.GONE not in crawler.coverage.total


async def test_pages_behind_a_robots_file_that_leads_to_an_error_are_not_seen(site, crawl):
    site.links(ROOT)
    hop = Hop(ROOT + "robots.txt", 302, "127.64.0.1", HopKind.HTTP, ROOT + "down")
    site.answers[ROOT + "robots.txt"] = FetchResult(ROOT + "robots.txt", ROOT + "down", 500, hops=(hop,))
    crawler = await crawl()
    assert crawler.coverage.total == {Seen.SERVER_ERROR: 1}


async def test_a_page_that_only_loads_foreign_scripts_shows_nothing(site, crawl):
    site.page(
        ROOT, '<div id=app></div><link rel=preconnect href="//cdn.test"><script src="//cdn.test/app.js"></script>'
    )
    assert not (await crawl()).coverage.start_page


async def test_pages_without_anything_on_them_are_not_taken_for_files(site, crawl):
    article_links(site, 3)
    site.page(ROOT + "0", "")
    site.page(ROOT + "1", "{}", content_type="application/json")
    crawler = await crawl()
    assert crawler.coverage.total == {Seen.JUDGED: 2, Seen.NO_ANSWER: 1, Seen.NOT_HTML: 1}


async def test_a_page_of_one_foreign_frame_shows_that_frame(site, crawl):
    site.page(ROOT, '<iframe src="//else.test/"></iframe>')
    assert (await crawl()).coverage.start_page


async def test_an_empty_page_that_is_sent_away_by_a_header_was_read(site, crawl):
    site.links(ROOT, "/out")
    site.page(ROOT + "out", "", refresh="0; url=https://else.test/")
    assert (await crawl()).coverage.total == {Seen.JUDGED: 2}


@pytest.fixture
def frontier(store):
    return Frontier(store=store, traps=TrapDetector(), max_depth=None)


@pytest.fixture
def reporter(frontier, site, limits, sink):
    fetcher = RateLimitedFetcher(client=site, limits=limits)
    return CoverageReporter(frontier=frontier, fetcher=fetcher, sink=sink, texts=MessageCatalog("en"), agent=AGENT)


def starts(*urls):
    return StartPages(ScanConfig("a.test", start_urls=urls))


def visit(frontier, host, *outcomes):
    """Gives the host one URL for each outcome."""
    frontier.open_host(host, host)
    for number, seen in enumerate(outcomes):
        frontier.add([f"https://{host}/{number}"], 0)
        frontier.finish(frontier.take().id, UrlState.DONE, seen=seen)


async def test_the_hosts_with_the_most_are_named_and_the_others_summed_up(frontier, reporter, sink):
    for number in range(HOSTS_NAMED + 2):
        visit(frontier, f"h{number}.a.test", *[Seen.SERVER_ERROR] * (number + 1))
    await reporter.report(starts(), None)
    assert sink.missed == [
        *(("server_error", f"h{number}.a.test", number + 1) for number in range(HOSTS_NAMED + 1, 1, -1)),
        ("server_error", None, 3),
    ]


async def test_what_robots_txt_forbids_is_told_with_the_name_that_it_would_have_to_allow(frontier, reporter, sink):
    visit(frontier, "a.test", Seen.ROBOTS, Seen.SIGN_IN)
    await reporter.report(starts(), None)
    said = sink.said_of["robots"]
    name = said.params["reason"]["params"]["agent"]
    assert name in said
    closed = b"User-agent: *\nDisallow: /\n\n"
    assert not parse_robots(closed, AGENT).allows(ROOT)
    assert parse_robots(closed + f"User-agent: {name}\nAllow: /".encode(), AGENT).allows(ROOT)


@pytest.mark.parametrize(
    ("still_shown", "cut", "asked", "counted"),
    [
        (True, None, 1, Seen.GONE),
        (False, None, 1, Seen.CLIENT_ERROR),
        (False, CrawlCutoff.PAGES, 1, Seen.CLIENT_ERROR),
        (False, CrawlCutoff.TIME, 0, Seen.GONE),
    ],
)
async def test_a_host_with_many_missing_pages_is_asked_for_one_that_it_had_shown(
    frontier, reporter, site, still_shown, cut, asked, counted
):
    visit(frontier, "a.test", Seen.JUDGED, Seen.GONE, Seen.GONE, Seen.GONE)
    if still_shown:
        site.page("https://a.test/0", "as before")
    coverage = await reporter.report(starts("https://a.test/0"), cut)
    assert site.asked == ["https://a.test/0"] * asked
    assert coverage.hosts["a.test"] == {Seen.JUDGED: 1, counted: 3}
    assert (coverage.start_page, coverage.cut) == (True, cut)
