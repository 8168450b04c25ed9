import asyncio

import pytest

from app.domain.scan_facts import FetchError, HostFact, Relation, UrlState
from app.engines.crawl.crawler import MAX_NAMED_HOSTS
from app.engines.model import FetchResult
from app.engines.ports import ScanStopped
from app.scanstore.reader import SqliteScanReader
from app.scanstore.sqlite import SqliteScanStore
from tests.support.referred_hosts import referred_hosts

ROOT = "https://a.test/"


@pytest.fixture
def pages(store, tmp_path):
    """Page facts by path, as REST would see them."""

    def read():
        with SqliteScanReader(tmp_path / "scan.db") as reader:
            return {page.url.removeprefix(ROOT): page for page in reader.pages(limit=1_000)[0]}

    return read


def asked(site):
    """Documents asked for, robots.txt and sitemaps left out."""
    return [url.removeprefix(ROOT) for url in site.asked if not url.endswith(("robots.txt", "sitemap.xml"))]


async def test_every_page_in_reach_is_found_and_none_twice(site, crawl, pages):
    site.links(ROOT, "/b", "c.html", "https://a.test/d?x=1#part", "https://other.test/")
    site.links(ROOT + "b", "/", "/c.html")
    site.links(ROOT + "c.html", "/e")
    site.links(ROOT + "d?x=1", "#top")
    site.links(ROOT + "e")
    crawler = await crawl()
    assert sorted(asked(site)) == ["", "b", "c.html", "d?x=1", "e"]
    assert {path: page.depth for path, page in pages().items()} == {"": 0, "b": 1, "c.html": 1, "d?x=1": 1, "e": 2}
    assert (crawler.pages, crawler.crawled, crawler.known) == (5, 5, 5)
    assert all(page.parsed and page.charset == "utf-8" for page in pages().values())


async def test_references_of_every_page_are_kept_also_those_of_error_pages(site, crawl, store):
    site.links(ROOT, "/gone", "https://x.test/file.zip")
    site.page(ROOT + "gone", '<a href="//y.test/">y</a><a href="/more">m</a>', status=404)
    crawler = await crawl()
    assert referred_hosts(store) == [("x.test", 1), ("y.test", 1)]
    assert crawler.pages == 1
    assert crawler.known == 2


async def test_references_are_told_when_their_page_is_in_the_store(site, crawl, make_crawler, store):
    told = []

    async def on_references(url, references):
        told.append((url, [reference.url for reference in references], store.counts().pages))

    site.page(ROOT, '<title>T</title><a href="//x.test/">x</a>')
    await crawl(make_crawler(callbacks={"on_references": on_references}))
    assert told == [(ROOT, ["https://x.test/"], 1)]


async def test_depth_ends_the_crawl_and_depth_zero_means_the_start_pages_alone(site, crawl, pages):
    for number in range(5):
        site.links(ROOT + (str(number) if number else ""), f"/{number + 1}")
    crawler = await crawl(max_depth=2)
    assert set(pages()) == {"", "1", "2"}
    assert crawler.known == 4

    site.asked.clear()
    await crawl(max_depth=0)
    assert not [url for url in site.asked if "sitemap" in url]


async def test_depth_is_the_shortest_way_even_when_that_is_found_late(site, crawl, make_crawler, pages):
    """The short way to /x stands on a page that answers last; what hangs on /x must still be reached."""
    site.links(ROOT, "/slow", "/1")
    site.links(ROOT + "1", "/2")
    site.links(ROOT + "2", "/x")
    site.links(ROOT + "slow", "/x")
    site.links(ROOT + "x", "/y", "//away.test/")
    site.links(ROOT + "y", "/z")
    site.links(ROOT + "z")
    site.delays[ROOT + "slow"] = asyncio.Event()

    async def on_references(url, references):
        assert url == ROOT + "x"
        site.delays[ROOT + "slow"].set()

    await crawl(make_crawler(max_depth=4, callbacks={"on_references": on_references}))
    assert {path: page.depth for path, page in pages().items()} == {
        "": 0, "slow": 1, "1": 1, "2": 2, "x": 2, "y": 3, "z": 4,
    }  # fmt: skip


async def test_the_page_limit_is_exact_and_said(site, crawl, sink):
    site.links(ROOT, *(f"/{number}" for number in range(50)))
    for number in range(50):
        site.links(f"{ROOT}{number}")
    crawler = await crawl(max_pages=7)
    assert crawler.pages == 7
    assert len(sink.warnings) == 1
    assert "7 pages" in sink.warnings[0]
    assert "7 of 51" in sink.warnings[0]
    assert sink.limits == ["page_limit"]


async def test_a_site_as_large_as_the_limit_is_complete(site, crawl, sink):
    site.links(ROOT, "/1")
    site.links(ROOT + "1")
    await crawl(max_pages=2)
    assert sink.warnings == []


async def test_the_byte_limit_ends_the_crawl(site, crawl, sink, make_crawler):
    site.links(ROOT, "/1")
    crawler = make_crawler()
    crawler._fetcher.received = 2 * 1024**3
    await crawl(crawler)
    assert asked(site) == []
    assert "bytes" in sink.warnings[0]
    assert sink.limits == ["byte_limit"]


async def test_requests_without_pages_are_limited_too(site, crawl, sink):
    site.answers = {ROOT + "robots.txt": FetchResult("", "", 404)}
    site.links(ROOT, *(f"/gone/{number}" for number in range(1_100)))
    await crawl(max_pages=2)
    assert len(site.asked) <= 1_008
    assert "requests" in sink.warnings[0]
    assert sink.limits == ["request_limit"]


async def test_the_time_limit_breaks_off_and_leaves_the_rest_pending(site, crawl, sink, store):
    site.links(ROOT, "/slow")
    site.delays[ROOT + "slow"] = asyncio.Event()
    await crawl(time_limit_s=1.0)  # the first page is answered in it
    assert "time limit" in sink.warnings[0]
    assert sink.limits == ["time_limit"]
    assert [url.state for url in store.load_urls()] == [UrlState.DONE, UrlState.PENDING]


async def test_a_killed_crawl_goes_on_where_it_was_and_asks_no_page_twice(site, crawl, make_crawler, tmp_path, store):
    store.close()
    site.links(ROOT, *(f"/{number}" for number in range(20)))
    for number in range(20):
        site.links(f"{ROOT}{number}")
    site.delays[ROOT + "13"] = asyncio.Event()
    first = SqliteScanStore(tmp_path / "scan.db")
    killed = make_crawler(store=first)
    crawling = asyncio.create_task(crawl(killed))
    async with asyncio.timeout(60):
        while killed.crawled < 20:  # noqa: ASYNC110 - all but the one that does not answer
            await asyncio.sleep(0.01)
    crawling.cancel()
    await asyncio.gather(crawling, return_exceptions=True)
    first.close()
    before = set(asked(site))
    site.asked.clear()
    site.delays.clear()

    second = SqliteScanStore(tmp_path / "scan.db")
    crawler = await crawl(make_crawler(store=second))
    assert set(asked(site)) & before <= {"13"}
    assert crawler.pages == 21
    assert second.counts().pages == 21
    second.close()


async def test_at_most_four_requests_run_at_one_address(site, crawl, make_host):
    site.links(ROOT, *(f"/{number}" for number in range(30)), *(f"https://b.a.test/{number}" for number in range(30)))
    for number in range(30):
        site.links(f"{ROOT}{number}")
        site.links(f"https://b.a.test/{number}")
    await crawl(hosts=[make_host(), make_host("b.a.test")])
    assert site.most_running <= 5  # robots.txt and the sitemap share the address's slots in the real limits


async def test_hosts_at_different_addresses_run_beside_each_other(site, crawl, make_host):
    hosts = [make_host(f"h{number}.a.test", f"127.64.0.{number}") for number in range(1, 9)]
    for fact in hosts:
        site.links(f"https://{fact.name}/", *(f"/{number}" for number in range(10)))
    await crawl(hosts=hosts)
    assert 20 < site.most_running <= 32 + len(hosts)


async def test_start_urls_replace_the_start_pages(site, crawl, make_host, pages):
    site.links(ROOT + "docs/", "intro", "https://b.a.test/linked")
    site.links(ROOT + "docs/intro")
    site.links("https://b.a.test/linked")
    named = []

    hosts = [make_host(), make_host("b.a.test", "127.64.0.2")]
    await crawl(hosts=hosts, start_urls=(ROOT + "docs/", "https://evil.test/", "nonsense"))
    assert set(pages()) == {"docs/", "docs/intro", "https://b.a.test/linked"}
    assert not [url for url in site.asked if "sitemap" in url]
    assert named == []


async def test_urls_of_an_unknown_host_wait_until_discovery_knows_it(site, make_crawler, make_host, crawl, store):
    site.links(ROOT, "https://new.a.test/x", "https://dead.a.test/y")
    site.links("https://new.a.test/x")
    named = []

    async def on_host_named(name, source):
        named.append((name, source))
        await asyncio.sleep(0)
        if name == "new.a.test":
            crawler.add_host(HostFact(name, (source,), ("127.64.0.2",)))
        else:
            crawler.add_host(HostFact(name, (source,)))

    crawler = make_crawler(callbacks={"on_host_named": on_host_named})
    await crawl(crawler)
    assert sorted(named) == [("dead.a.test", "page"), ("new.a.test", "page")]
    assert "https://new.a.test/x" in site.asked
    assert [url.state for url in store.load_urls() if url.host == "dead.a.test"] == [UrlState.PENDING]
    assert "https://new.a.test/" not in site.asked  # it answers nothing on its own


async def test_a_host_that_had_no_address_at_first_is_crawled_when_it_gets_one(site, make_crawler, make_host, crawl):
    site.links(ROOT)
    await crawl(hosts=[HostFact("a.test", ("target",)), make_host()])
    assert asked(site) == [""]


async def test_a_target_without_an_address_is_known_by_it(crawl):
    crawler = await crawl(hosts=[HostFact("a.test", ("target",)), HostFact("old.a.test", ("certificates",))])
    assert (crawler.coverage.resolved, crawler.coverage.start_page) == (False, False)


async def test_a_limit_before_the_first_host_says_nothing_of_addresses(make_crawler):
    crawler = make_crawler(time_limit_s=0.05)
    await crawler.load()
    await crawler.run(hosts_settled=lambda: False)
    assert crawler.coverage.resolved


async def test_a_page_cannot_name_hosts_without_end(site, make_crawler, crawl):
    named = []

    async def on_host_named(name, source):
        named.append(name)

    site.links(ROOT, *(f"https://h{number}.a.test/" for number in range(2_000)))
    await crawl(make_crawler(callbacks={"on_host_named": on_host_named}))
    assert len(named) <= MAX_NAMED_HOSTS


async def test_a_wildcard_host_gives_no_start_page_but_its_links_are_followed(site, crawl, make_host):
    site.links(ROOT, "https://any.a.test/x")
    await crawl(hosts=[make_host(), make_host("any.a.test", "127.64.0.9", wildcard=True)])
    assert "https://any.a.test/x" in site.asked
    assert "https://any.a.test/" not in site.asked


async def test_it_waits_for_hosts_that_may_still_come(site, make_crawler, make_host):
    site.links(ROOT)
    settled = False
    crawler = make_crawler()
    task = asyncio.create_task(crawler.run(hosts_settled=lambda: settled))
    await asyncio.sleep(0)
    assert not task.done()
    crawler.add_host(make_host())
    settled = True
    crawler.wake()
    async with asyncio.timeout(30):
        await task
    assert crawler.pages == 1


async def test_a_redirect_inside_is_followed_at_the_same_depth_with_every_hop_kept(site, crawl, pages, store):
    site.links(ROOT, "/old")
    site.redirect(ROOT + "old", "/older")
    site.redirect(ROOT + "older", "/new")
    site.links(ROOT + "new")
    await crawl(max_depth=1)
    assert {path: (page.status, page.depth) for path, page in pages().items()} == {
        "": (200, 0), "old": (302, 1), "older": (302, 1), "new": (200, 1),
    }  # fmt: skip
    hops = store._db.execute("SELECT url, location FROM hops ORDER BY id").fetchall()
    assert hops == [(ROOT + "old", ROOT + "older"), (ROOT + "older", ROOT + "new")]


async def test_a_redirect_away_is_a_reference(site, crawl, store):
    site.links(ROOT, "/go")
    site.redirect(ROOT + "go", "//evil.test/x")
    await crawl()
    (reference,) = store.references()
    assert (reference.page_url, reference.url) == (ROOT + "go", "https://evil.test/x")
    assert (reference.relation, reference.kind) == (Relation.REDIRECT, "redirect:http")
    assert not [url for url in site.asked if "evil" in url]


async def test_redirects_in_a_row_end_after_ten(site, crawl):
    site.answers = {}
    for number in range(50):
        site.redirect(ROOT + (f"r{number}" if number else ""), f"/r{number + 1}")
    await crawl()
    assert len(asked(site)) == 11


async def test_a_redirect_loop_ends(site, crawl):
    site.redirect(ROOT, "/b")
    site.redirect(ROOT + "b", "/")
    await crawl()
    assert asked(site) == ["", "b"]


@pytest.mark.parametrize(
    "body",
    [
        '<meta http-equiv="refresh" content="0; url=/next">',
        '<script>location.href = "/next"</script>',
        '<link rel="canonical" href="/next"><p>text',
    ],
)
async def test_where_a_page_sends_the_browser_is_as_near_as_the_page(site, crawl, pages, body):
    site.page(ROOT, body)
    site.links(ROOT + "next")
    await crawl(max_depth=0)
    assert set(pages()) == {"", "next"}
    assert pages()["next"].depth == 0


async def test_own_sheets_are_read_for_what_they_refer_to(site, crawl, store, pages):
    site.page(ROOT, '<link rel="stylesheet" href="/s.css">')
    site.page(ROOT + "s.css", '@import "more.css"; a { background: url(//x.test/1.png) }', content_type="text/css")
    site.page(ROOT + "more.css", "b { background: url(https://y.test/2.png) }", content_type="text/css;charset=utf-8")
    crawler = await crawl(max_depth=0)
    assert referred_hosts(store) == [("x.test", 1), ("y.test", 1)]
    assert set(pages()) == {""}
    assert crawler.pages == 1


async def test_pages_are_read_with_the_sheets_of_the_site_which_are_asked_for_once(site, crawl, store):
    link = '<link rel="stylesheet" href="/s.css"><p class="k"><a href="//x.test/%s">x</a></p><a href="/b">b</a>'
    site.page(ROOT, link % "a")
    site.page(ROOT + "b", link % "b")
    site.page(ROOT + "s.css", '@import "more.css"; i { background: url(//y.test/1.png) }', content_type="text/css")
    site.page(ROOT + "more.css", ".k { position: absolute; left: -9999px }", content_type="text/css")
    await crawl()
    found = {reference.url: reference.hidden for reference in store.references()}
    assert found == {"https://x.test/a": "off_screen", "https://x.test/b": "off_screen", "https://y.test/1.png": None}
    assert sorted(asked(site)) == ["", "b", "more.css", "s.css"]


async def test_a_sheet_of_a_well_known_service_hides_links_as_one_of_the_site_does(site, crawl, store):
    sheet = "https://cdn.jsdelivr.net/npm/theme/s.css"
    page = f'<link rel=stylesheet href="{sheet}"><p class=k><a href="//x.test/">x</a></p>'
    site.page(ROOT, page)
    site.page(sheet, ".k { position: absolute; left: -9999px }", content_type="text/css")
    await crawl()
    assert {one.url: one.hidden for one in store.references()} == {sheet: None, "https://x.test/": "off_screen"}
    assert site.asked.count(sheet) == 1
    assert not [url for url in site.asked if url.startswith("https://cdn.jsdelivr.net/robots")]


async def test_of_files_only_the_headers_are_wanted(site, crawl, pages):
    site.links(ROOT, "/x.mp4", "/y.zip?v=1", "/z.docx")
    site.page(ROOT + "x.mp4", b"ftyp" * 1_000, content_type="video/mp4")
    site.redirect(ROOT + "y.zip?v=1", "https://cdn.test/y.zip")
    site.page(ROOT + "z.docx", '<a href="//x.test/">not a file at all</a>')
    crawler = await crawl()
    assert site.read[ROOT + "x.mp4"] == 0
    assert not pages()["x.mp4"].parsed
    assert pages()["z.docx"].parsed
    assert crawler.pages == 2
    assert site.asked.count(ROOT + "z.docx") == 1


async def test_the_type_decides_what_is_read_not_the_extension(site, crawl, pages):
    site.links(ROOT, "/download?id=1", "/style", "/untyped", "/untyped.zip", "/api")
    site.page(ROOT + "download?id=1", b"PK" * 1_000, content_type="application/zip")
    site.page(ROOT + "style", "@import '//x.test/a.css'", content_type="text/css")
    site.page(ROOT + "untyped", "<!doctype html><p>a page", content_type="")
    site.page(ROOT + "untyped.zip", b"PK" * 1_000, content_type="")
    site.page(ROOT + "api", "[]" * 1_000, content_type="application/json")
    await crawl()
    for file in ("download?id=1", "untyped.zip", "api"):
        assert site.read[ROOT + file] == 0
        assert pages()[file].status == 200
    assert site.read[ROOT + "style"] > 0
    assert pages()["untyped"].parsed


async def test_pages_are_told_by_their_type_and_without_one_by_how_they_begin(site, crawl, pages):
    site.links(ROOT, "/1", "/2", "/3", "/4")
    site.page(ROOT + "1", "<!DOCTYPE html><p>x", content_type="")
    site.page(ROOT + "2", "<p>x", content_type="application/xhtml+xml")
    site.page(ROOT + "3", "<html>", content_type="text/plain")
    site.page(ROOT + "4", "just text", content_type="")
    await crawl()
    assert {path for path, page in pages().items() if page.parsed} == {"", "1", "2"}


async def test_robots_are_obeyed_and_the_refused_are_known_but_never_asked(site, crawl, store):
    site.page(ROOT + "robots.txt", "User-agent: checker\nDisallow: /private\n", content_type="text/plain")
    site.links(ROOT, "/private/x", "/open")
    site.links(ROOT + "open")
    crawler = await crawl()
    assert asked(site) == ["", "open"]
    assert (crawler.crawled, crawler.known) == (2, 3)
    assert site.asked.count(ROOT + "robots.txt") == 1


async def test_who_asks_after_the_crawl_is_told_what_robots_txt_says(site, crawl):
    site.page(ROOT + "robots.txt", "User-agent: checker\nDisallow: /private\n", content_type="text/plain")
    site.links(ROOT)
    crawler = await crawl()
    async with asyncio.TaskGroup() as group:
        assert await crawler.may_ask(ROOT + "open", group)
        assert not await crawler.may_ask(ROOT + "private/x", group)
    assert site.asked.count(ROOT + "robots.txt") == 1


async def test_robots_that_cannot_be_had_forbid_the_host_and_that_is_said_once(site, crawl, sink):
    site.page(ROOT + "robots.txt", "broken", status=500)
    site.links(ROOT, "/x")
    crawler = await crawl()
    assert asked(site) == []
    assert site.asked.count(ROOT + "robots.txt") == 3
    assert len(sink.warnings) == 1
    assert sink.missed == [("server_error", "a.test", 1)]
    assert not crawler.coverage.start_page


async def test_a_crawl_delay_reaches_the_limits(site, crawl, limits):
    site.page(ROOT + "robots.txt", "User-agent: *\nCrawl-delay: 3\n", content_type="text/plain")
    site.links(ROOT, "/1", "/2", "/3")
    await crawl()
    assert limits.delays == {"127.64.0.1": 3.0}


async def test_sitemaps_bring_pages_that_nothing_links(site, crawl, pages):
    site.page(ROOT + "robots.txt", "Sitemap: /map.xml", content_type="text/plain")
    entries = "".join(f"<url><loc>{url}</loc></url>" for url in (ROOT + "orphan", "https://evil.test/x"))
    site.page(ROOT + "map.xml", f"<urlset>{entries}</urlset>", content_type="application/xml")
    site.links(ROOT)
    site.links(ROOT + "orphan")
    await crawl()
    assert {path: page.depth for path, page in pages().items()} == {"": 0, "orphan": 1}


async def test_a_passing_failure_is_tried_once_more(site, crawl, pages, limits):
    answers = iter([FetchResult(ROOT, ROOT, 503, (("retry-after", "7"),))])
    site.links(ROOT)
    good = site.answers[ROOT]
    site.answers[ROOT] = lambda url: next(answers, good)
    await crawl()
    assert pages()[""].parsed
    assert ("127.64.0.1", 503, "7") in limits.notes


async def test_what_fails_twice_is_a_failed_url_with_its_reason(site, crawl, pages, store):
    site.links(ROOT, "/x")
    site.fail(ROOT + "x", FetchError.TIMEOUT)
    crawler = await crawl()
    assert pages()["x"].error is FetchError.TIMEOUT
    assert [url.state for url in store.load_urls()] == [UrlState.DONE, UrlState.FAILED]
    assert (crawler.crawled, crawler.known) == (1, 2)


async def test_a_host_whose_pages_went_silent_is_left_alone_after_five_minutes(site, crawl, sink, moments):
    site.links(ROOT, *(f"/{number}" for number in range(100)))
    for number in range(100):
        site.fail(f"{ROOT}{number}", FetchError.TIMEOUT)
    crawler = await crawl()
    assert len(asked(site)) < 40
    assert 300 <= moments.now < 720  # and once more at the end
    assert any("stopped responding" in message for _, message in sink.logs)
    assert crawler.coverage.start_page
    assert sum(number for reason, _, number in sink.missed if reason in ("host_given_up", "no_answer")) == 100


async def test_a_host_that_comes_back_is_read_whole_and_no_page_is_lost(site, crawl, sink, moments):
    """Its server is away for four seconds in the middle, at first for its robots.txt too."""
    site.links(ROOT, *(f"/{number}" for number in range(200)))
    for number in range(200):
        site.page(f"{ROOT}{number}", f"<p>{chr(0x4E00 + number)}")
    ask, answered = site.fetch, 0

    async def fetch(url, **options):
        nonlocal answered
        if moments.now < 4 or (answered > 50 and 100 < moments.now < 104):
            return FetchResult(url, url, error=FetchError.CONNECT)
        answered += 1
        if answered == 51:
            moments.now = 101
        return await ask(url, **options)

    site.fetch = fetch
    crawler = await crawl()
    assert crawler.pages == 201
    assert sink.missed == []
    assert site.asked.count(ROOT + "sitemap.xml") == 1


async def test_a_host_that_was_given_up_is_asked_once_more_at_the_end(site, crawl, make_host, moments, sink):
    """The other host has so much to tell that the first is back when it is through."""
    site.links(ROOT, "/1", "/2")
    site.links(ROOT + "1")
    site.links(ROOT + "2")
    site.links("https://b.a.test/", *(f"/{number}" for number in range(60)))
    for number in range(60):
        site.page(f"https://b.a.test/{number}", f"<p>{chr(0x4E00 + number)}")
    ask = site.fetch

    async def fetch(url, **options):
        if url.startswith(ROOT) and url != ROOT and moments.now < 400:
            return FetchResult(url, url, error=FetchError.TIMEOUT)
        if url.startswith("https://b."):
            moments.now += 7
        return await ask(url, **options)

    site.fetch = fetch
    site.answers[ROOT + "robots.txt"] = FetchResult("", "", 404)
    crawler = await crawl(hosts=[make_host(), make_host("b.a.test", "127.64.0.2")])
    assert crawler.pages == 64
    assert sink.missed == []


async def test_one_bad_url_is_given_up_alone(site, crawl, sink, moments):
    site.links(ROOT, "/bad", *(f"/{number}" for number in range(20)))
    for number in range(20):
        site.links(f"{ROOT}{number}")
    site.fail(ROOT + "bad", FetchError.TIMEOUT)
    crawler = await crawl()
    assert crawler.pages == 21
    assert asked(site).count("bad") == 3
    assert sink.missed == [("no_answer", "a.test", 1)]
    assert moments.now < 60


async def test_a_busy_host_is_asked_as_it_wishes_and_left_within_three_minutes(site, crawl, sink, moments):
    site.links(ROOT, *(f"/{number}" for number in range(30)))
    for number in range(30):
        site.page(f"{ROOT}{number}", "busy", status=503, retry_after="50")
    await crawl()
    assert set(moments.slept) == {50.0}
    assert moments.now <= 180
    assert sink.missed == [("host_given_up", "a.test", 30)]


async def test_malformed_answers_end_no_host(site, crawl, sink):
    site.links(ROOT, *(f"/{number}" for number in range(40)))
    for number in range(20):
        site.fail(f"{ROOT}{number}", FetchError.PROTOCOL)
    for number in range(20, 40):
        site.links(f"{ROOT}{number}")
    crawler = await crawl()
    assert crawler.pages == 21
    assert sink.missed == [("no_answer", "a.test", 20)]


async def test_a_trap_costs_little_and_the_rest_of_the_site_is_still_read(site, crawl, sink, make_crawler):
    """A calendar without end, and as many honest pages."""

    def month(url):
        number = int(url.rpartition("=")[2])
        links = "".join(f'<a href="/cal?month={number + step}">go</a>' for step in range(1, 40))
        return FetchResult(url, url, 200, (("content-type", "text/html"),), f"Month {number} {links}".encode())

    site.links(ROOT, "/cal?month=1", *(f"/page{number}" for number in range(300)))
    for number in range(2_000):
        site.answers[f"{ROOT}cal?month={number}"] = month
    for number in range(300):
        site.page(f"{ROOT}page{number}", "<p>" + chr(0x4E00 + number))
    await crawl()
    assert len([url for url in site.asked if "/cal" in url]) < 200
    assert len([url for url in site.asked if "/page" in url]) == 300
    assert any("/w?month" in message for _, message in sink.logs)


async def test_error_pages_teach_the_guard_nothing(site, crawl, sink):
    """Forty removed articles stand before two hundred good ones of the same pattern."""
    site.links(ROOT, *(f"/news/{number}.html" for number in range(240)))
    for number in range(240):
        url = f"{ROOT}news/{number}.html"
        if number < 40:
            site.page(url, "<p>This article has been removed.</p>", status=404)
        else:
            site.page(url, "<p>" + chr(0x4E00 + number))
    crawler = await crawl()
    assert crawler.pages == 201
    assert sink.missed == []


@pytest.mark.parametrize("link", ["", '<a href="/r?n={next}">go on</a>'])
async def test_an_endless_chain_of_pages_that_send_the_browser_on_ends(site, crawl, link):
    def page(number):
        refresh = f'<meta http-equiv="refresh" content="0; url=/r?n={number + 1}">'
        return refresh + link.format(next=number + 1)

    site.links(ROOT, "/r?n=0")
    for number in range(200):
        site.page(f"{ROOT}r?n={number}", page(number))
    await crawl()
    assert len(asked(site)) <= 12


async def test_a_stopped_scan_stops_the_crawl(site, crawl, make_crawler):
    async def on_references(url, references):
        raise ScanStopped

    site.links(ROOT, "/1", "//away.test/")
    with pytest.raises(ScanStopped):
        await crawl(make_crawler(callbacks={"on_references": on_references}))


async def test_another_error_comes_out_as_it_is(site, crawl, make_crawler):
    async def on_references(url, references):
        raise LookupError

    site.links(ROOT, "//away.test/")
    with pytest.raises(ExceptionGroup):
        await crawl(make_crawler(callbacks={"on_references": on_references}))


async def test_cancelling_ends_it_at_once_and_keeps_what_was_found(site, make_crawler, make_host, store):
    site.links(ROOT, "/slow", "//away.test/")
    site.delays[ROOT + "slow"] = asyncio.Event()
    read = asyncio.Event()

    async def on_references(url, references):
        read.set()

    crawler = make_crawler(callbacks={"on_references": on_references})
    crawler.add_host(make_host())
    task = asyncio.create_task(crawler.run(hosts_settled=lambda: True))
    await read.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not store._db.in_transaction
    assert store.counts().pages == 1
