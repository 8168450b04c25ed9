"""Pages of the crawl are rendered beside it, by a browser that is played; whole scans stand in `system`."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.coverage import Seen
from app.domain.messages import MessageCatalog, english
from app.domain.scan_facts import PageFact, Reference, Relation, UrlState
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.loaded_request import LoadedRequest
from app.engines.capture.page_renderer import RENDER_TIMEOUT_S, Rendered, RenderFailed, RenderSlow
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.page_processor import PageProcessor, ProcessedPage
from app.engines.crawl.page_writer import CHUNK
from app.engines.crawl.rendered_intake import RenderedIntake
from app.engines.crawl.traps import TrapDetector
from app.engines.extract.page import extract
from app.engines.pipeline.capture.renderings import PATIENT_TIMEOUT_S
from app.engines.pipeline.crawl.rendered_pages import CHECKPOINT, WAIT_S, RenderedPages
from app.engines.pipeline.time_budget import BROWSER_MAX_S, BROWSER_MIN_S
from app.engines.scope import Scope
from tests.support.parsing import page_parser
from tests.unit.engines.pipeline.test_time_budget import new_budget

URL = "https://corp.test/"
HTML = (("content-type", "text/html"),)
SHELL = b"<title>t</title><script src=/app.js></script>"
APP = '<p>Rendered</p><a href="/inner">in</a><a href="https://partner.test/">out</a><script src=/app.js></script>'
PIXEL = LoadedRequest("https://pixel.test/p.gif", "image", (URL,))


class NoSheets:
    known, text_of = {}, None

    def within(self, group):
        return self

    async def fetch(self, urls): ...


class Sink:
    def __init__(self):
        self.lines, self.warnings = [], []

    async def log(self, entry):
        self.lines.append(entry.message.key)

    async def warning(self, code, message):
        self.warnings.append((code, message.key, message.params["count"]))


class RenderService:
    """Gives what it is told to, or raises it; the last one again and again."""

    at_once = 2

    def __init__(self, *outcomes, is_there=True):
        self.outcomes, self.asked, self.is_there = list(outcomes), [], is_there
        self.problem = None if is_there else english("browser.crashed")
        self.is_away, self.starts, self.hurried = False, True, 0

    def hurry(self):
        self.hurried += self.is_away
        self.is_away = False

    async def starts_now(self):
        self.hurry()
        self.is_away = not self.starts
        return self.starts

    async def ready(self):
        return self.is_there

    async def render(self, url, *, limit, logs):
        assert logs
        self.asked.append((url, limit.timeout_s))
        outcome = self.outcomes[0] if len(self.outcomes) == 1 else self.outcomes.pop(0)
        if outcome is None:
            try:
                async with limit.running():
                    await asyncio.Event().wait()
            except TimeoutError:
                raise RenderSlow("slow") from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class World:
    """One attempt of a scan, as far as rendering goes."""

    def __init__(self, store, render_service, *, is_wanted=True, spent_s=BROWSER_MAX_S):
        scope = Scope("corp.test")
        self.store, self.render_service, self.sink = store, render_service, Sink()
        self.frontier = Frontier(store=store, traps=TrapDetector(), max_depth=None)
        self.found, self.hosts, self.changes, self.now = [], [], 0, 0.0
        processor = PageProcessor(scope=scope, parser=page_parser("corp.test"))
        self.pages = RenderedPages(
            scope=scope,
            store=store,
            sink=self.sink,
            texts=MessageCatalog("en"),
            render_service=render_service,
            intake=RenderedIntake(frontier=self.frontier, processor=processor, sheets=NoSheets()),
            on_found=self.on_found,
            on_host_named=self.on_host_named,
            on_changed=self.on_changed,
            is_wanted=is_wanted,
            budget=new_budget(spent_s=spent_s),
            monotonic=lambda: self.now,
        )

    async def on_found(self, url, references):
        self.found.append((url, [(one.url, one.kind) for one in references]))

    async def on_host_named(self, host, source):
        await self.on_host(host, source)

    async def on_host(self, host, source):
        self.hosts.append(host)

    def on_changed(self):
        self.changes += 1

    def crawled(self, url=URL, html=SHELL, seen=Seen.NO_ANSWER):
        """The crawl has read a page."""
        self.frontier.open_host("corp.test", "127.64.0.1")
        self.frontier.add([url], 0)
        item = self.frontier.take()
        read = extract(html, url=url, headers=HTML)
        self.frontier.finish(item.id, UrlState.DONE, seen=seen, links=read.links)
        self.store.add_references(read.references)
        fact = PageFact(url, 0, 200, "text/html", parsed=True)
        self.pages.note(item, ProcessedPage(UrlState.DONE, fact, read, read.references))
        return item

    async def run(self, *, limit_s=60.0):
        async with asyncio.TaskGroup() as group:
            group.create_task(self.pages.run())
            await asyncio.sleep(0)
            await self.pages.settle(limit_s=limit_s)


def rendered(html=APP, url=URL, requests=(PIXEL,), **more):
    return Rendered(url, "t", html, b"\xff\xd8", requests, **more)


async def test_what_a_page_loads_shows_and_leads_to_is_kept(store):
    world = World(store, RenderService(rendered()))
    item = world.crawled()
    await world.run()
    kept = {(one.url, one.kind) for one in store.references()}
    assert kept == {("https://pixel.test/p.gif", "loaded:image"), ("https://partner.test/", "drawn:a[href]")}
    assert [url for url, _ in world.found] == [URL]
    assert world.frontier.find("https://corp.test/inner").found_on == item.id
    assert world.frontier.depth_of(world.frontier.find("https://corp.test/inner").id) == 1
    assert world.frontier.seen_of(item.id) is Seen.JUDGED
    assert (world.changes, world.sink.lines, world.sink.warnings) == (1, ["pages_drawn"], [])


async def test_the_urls_of_pages_that_are_taken_in_side_by_side_are_all_counted(store):
    def many(name):
        return rendered("".join(f"<a href='/{name}{number}'>x</a>" for number in range(2 * CHUNK)), f"{URL}{name}")

    world = World(store, RenderService(many("a"), many("b")))
    world.crawled(f"{URL}a")
    world.crawled(f"{URL}b")
    known = world.frontier.known
    await world.run()
    assert store.checkpoint(CHECKPOINT)["urls"] == world.frontier.known - known


async def test_a_page_that_had_shown_something_counts_as_before(store):
    world = World(store, RenderService(rendered()))
    item = world.crawled(seen=Seen.FORM)
    await world.run()
    assert world.frontier.seen_of(item.id) is Seen.FORM


async def test_frames_without_an_address_are_part_of_the_page_and_own_hosts_are_named(store):
    request = LoadedRequest("https://api.corp.test/x", "fetch", (URL,))
    frame = '<a href="https://framed.test/">x</a><a href="https://shop.corp.test/">y</a>'
    world = World(store, RenderService(rendered(requests=(request,), frames=(frame,))))
    world.crawled()
    await world.run()
    assert ("https://framed.test/", "drawn:a[href]") in world.found[0][1]
    assert {"api.corp.test", "shop.corp.test"} <= set(world.hosts)


async def test_the_own_hosts_of_a_page_are_examined_side_by_side(store):
    hosts = ["corp.test", *[f"h{number}.corp.test" for number in range(9)]]
    world = World(
        store, RenderService(rendered(requests=[LoadedRequest(f"https://{host}/", "fetch", (URL,)) for host in hosts]))
    )
    everybody = asyncio.Event()

    async def examine(host, source):
        world.hosts.append(host)
        if len(world.hosts) == len(hosts):
            everybody.set()
        await everybody.wait()

    world.on_host = examine
    world.crawled()
    async with asyncio.timeout(30):
        await world.run()
    assert sorted(world.hosts) == hosts


async def test_of_a_page_that_leads_elsewhere_only_the_requests_count(store):
    world = World(store, RenderService(rendered(url="https://away.test/")))
    world.crawled()
    await world.run()
    assert world.found == [(URL, [("https://pixel.test/p.gif", "loaded:image")])]


async def test_a_slow_page_gets_one_patient_try_and_what_it_had_asked_for_counts(store):
    world = World(store, RenderService(RenderSlow("slow"), RenderSlow("slow", (PIXEL,))))
    world.crawled()
    await world.run()
    assert [timeout_s for _, timeout_s in world.render_service.asked] == [RENDER_TIMEOUT_S, PATIENT_TIMEOUT_S]
    assert world.found == [(URL, [("https://pixel.test/p.gif", "loaded:image")])]
    assert world.sink.warnings == [("degraded", "pages_not_drawn", 1)]


@pytest.mark.parametrize("error", [RenderFailed("no"), BrowserUnavailable(english("browser.crashed"))])
async def test_a_page_that_cannot_be_rendered_is_said(store, error):
    world = World(store, RenderService(error))
    world.crawled()
    await world.run()
    assert (world.found, world.sink.warnings) == ([], [("degraded", "pages_not_drawn", 1)])


async def test_a_page_that_asked_for_too_much_is_said(store):
    world = World(store, RenderService(rendered(is_cut=True)))
    world.crawled()
    await world.run()
    assert world.sink.warnings == [("degraded", "drawings_cut", 1)]


async def test_without_a_browser_its_reason_is_enough(store):
    world = World(store, RenderService(None, is_there=False))
    world.crawled()
    await world.run()
    assert (world.render_service.asked, world.sink.lines, world.sink.warnings) == ([], [], [])


async def test_a_scan_without_pictures_renders_nothing_and_says_so(store):
    world = World(store, RenderService(rendered()), is_wanted=False)
    world.crawled()
    await world.run()
    assert (world.render_service.asked, world.sink.lines, store.checkpoint(CHECKPOINT)) == (
        [],
        ["scripts_not_run"],
        None,
    )


async def test_the_end_of_the_crawl_waits_no_longer_than_it_may(store):
    world = World(store, RenderService(None))
    for number in range(4):
        world.crawled(f"{URL}{number}")
    await world.run(limit_s=0.05)
    assert world.sink.warnings == [("degraded", "pages_not_drawn", 4)]
    assert store.checkpoint(CHECKPOINT)["waiting"] == []


@pytest.mark.parametrize("every_s", [0.5, 3.0, 50.0])
async def test_an_idle_crawl_waits_for_renders_so_long_in_all_however_seldom_it_looks(store, every_s):
    world = World(store, RenderService(rendered()))
    assert world.pages.is_settled(0)
    world.crawled()
    assert not world.pages.is_settled(1)
    for work in (2, 3, None, 3, None):
        world.now += 20  # it had something to do meanwhile, or waited for a host as well
        assert not world.pages.is_settled(work)
    before = world.now
    while not world.pages.is_settled(4):
        world.now += every_s
        assert world.now < before + 2 * WAIT_S
    assert world.now >= before + WAIT_S


async def test_the_crawl_of_a_quick_scan_waits_no_longer_than_the_scan_is_worth(store):
    world = World(store, RenderService(rendered()), spent_s=0)
    world.crawled()
    assert not world.pages.is_settled(1)
    while not world.pages.is_settled(1):
        world.now += 5
        assert world.now <= BROWSER_MIN_S
    assert world.now == BROWSER_MIN_S


async def test_what_does_not_end_when_nobody_waits_any_more_is_left_behind(store, monkeypatch):
    """A host that a rendered page named was examined, on a machine that got to nothing."""
    monkeypatch.setattr("app.engines.pipeline.crawl.rendered_pages.END_S", 0.05)
    request = LoadedRequest("https://api.corp.test/x", "fetch", (URL,))
    world = World(store, RenderService(rendered(requests=(request,))))

    async def never(_host, _source):
        await asyncio.Event().wait()

    world.on_host = never
    world.crawled()
    async with asyncio.timeout(30):
        await world.run(limit_s=0.05)
    assert ("degraded", "pages_not_drawn", 1) in world.sink.warnings


async def test_a_browser_that_does_not_start_holds_up_nothing_beyond_the_end_of_the_crawl(store):
    render_service = RenderService(rendered())
    render_service.ready = asyncio.Event().wait
    world = World(store, render_service)
    world.crawled()
    async with asyncio.timeout(30):
        await world.run(limit_s=0.05)
    assert world.sink.warnings == [("degraded", "pages_not_drawn", 1)]


async def test_the_next_attempt_renders_what_waits_and_nothing_twice(store):
    first = World(store, RenderService(rendered()))
    first.crawled(f"{URL}done")
    await first.run()
    waiting = first.crawled(f"{URL}waits", b"<script></script><a href=https://partner.test/>out</a>")
    store.flush()
    second = World(store, RenderService(rendered(url=f"{URL}waits")))
    await second.frontier.load()
    note = second.pages.resume()
    note(list(store.references()))
    second.pages.take_up()
    await second.run()
    assert [url for url, _ in second.render_service.asked] == [f"{URL}waits"]
    assert second.found == [(f"{URL}waits", [("https://pixel.test/p.gif", "loaded:image")])]  # the link is known
    third = World(store, RenderService(rendered()))
    third.pages.take_up()
    third.pages.note(waiting, ProcessedPage(UrlState.DONE, PageFact(waiting.url, 0, 200, parsed=True), None))
    await third.run()
    assert third.render_service.asked == []
    assert len({replace(one) for one in store.references()}) == len(list(store.references()))


def test_references_of_other_pages_are_not_kept_for_an_attempt_that_goes_on(store):
    world = World(store, RenderService(rendered()))
    note = world.pages.resume()
    note([Reference("https://corp.test/x", "https://a.test/", "", Relation.LINK, "a[href]")])
    world.pages.take_up()
    assert world.pages.is_settled(0)


async def test_pages_that_say_nothing_unrendered_come_first(store):
    world = World(store, RenderService(RenderFailed("not the point")))
    told = b"<title>t</title><script src=/lib.js></script>" + b"<p>a page that says what it is about</p>" * 20
    for path, html in (("", told), ("b", told), ("app", SHELL)):
        world.crawled(URL + path, html)
    await world.run()
    assert [url for url, _ in world.render_service.asked] == [f"{URL}app", URL, f"{URL}b"]


async def test_such_a_page_that_was_too_slow_is_rendered_again_before_the_others(store):
    world = World(store, RenderService(RenderSlow("slow"), RenderFailed("not the point")))
    world.render_service.at_once = 1
    world.crawled(f"{URL}b", b"<title>t</title><script src=/lib.js></script>" + b"<p>what it is about</p>" * 20)
    world.crawled(f"{URL}app")
    await world.run()
    assert [url for url, _ in world.render_service.asked] == [f"{URL}app", f"{URL}app", f"{URL}b"]


async def test_a_crawl_starts_a_browser_that_is_away_once_and_does_not_wait_for_it_otherwise(store):
    service = RenderService(rendered())
    world = World(store, service)
    world.crawled()
    service.is_away = True
    assert not world.pages.is_settled(1)
    assert not world.pages.is_settled(1)  # it is being started
    service.is_away = True  # in vain
    assert world.pages.is_settled(1)
    assert service.hurried == 1
    await asyncio.wait_for(world.pages.settle(limit_s=60.0), 30)
    assert world.sink.warnings == [("degraded", "pages_not_drawn", 1)]


@pytest.mark.parametrize("starts", [True, False])
async def test_the_end_of_a_crawl_starts_a_browser_that_is_away(store, starts):
    service = RenderService(rendered())
    world = World(store, service)
    world.crawled()
    service.is_away, service.starts = True, starts
    if starts:
        await world.run()
    else:
        await asyncio.wait_for(world.pages.settle(limit_s=60.0), 30)
    assert service.hurried == 1
    assert [key for _, key, _ in world.sink.warnings] == ([] if starts else ["pages_not_drawn"])
