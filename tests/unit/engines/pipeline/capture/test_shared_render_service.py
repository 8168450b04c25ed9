import asyncio
import contextlib

import pytest

from app.domain.messages import english
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.page_renderer import Rendered, RenderFailed, RenderOversized, RenderSlow
from app.engines.capture.render_limit import RenderLimit
from app.engines.pipeline.capture.shared_render_service import MAX_KEPT, MAX_KEPT_CHARS, RETRY_S, SharedRenderService
from tests.support.virtual_time import run_in_virtual_time

START = "https://corp.test/"
OTHER = "https://corp.test/page"


class RenderService:
    """Notes what it is asked for; waits while it is told to."""

    at_once = 4

    def __init__(self):
        self.asked, self.go, self.error = [], asyncio.Event(), None
        self.go.set()
        self.html, self.frames = "<p>x", ()

    async def render(self, url, *, limit=None, needs_document=True, logs=False):
        self.asked.append((url, needs_document, logs))
        await self.go.wait()
        if self.error:
            raise self.error
        return Rendered(url, "t", self.html, b"\xff\xd8", frames=self.frames)


@pytest.fixture
async def shared():
    render_service = RenderService()

    @contextlib.asynccontextmanager
    async def open_render_service(open_renderer):
        yield render_service

    made = SharedRenderService(open_render_service=open_render_service, is_start=lambda url: url == START)
    async with made.open(None):
        yield made, render_service


async def test_a_start_page_that_both_want_is_rendered_once_whoever_asks_first(shared):
    made, render_service = shared
    for first, second in ((True, False), (False, True)):
        render_service.asked.clear()
        render_service.go.clear()
        one = asyncio.create_task(made.render(START, logs=first, needs_document=False))
        await asyncio.sleep(0)
        other = asyncio.create_task(made.render(START, logs=second))
        await asyncio.sleep(0)
        render_service.go.set()
        assert await one is await other
        assert render_service.asked == [(START, True, True)]


async def test_a_picture_of_a_page_whose_requests_were_noted_before_is_at_hand_once(shared):
    made, render_service = shared
    first = await made.render(OTHER, logs=True)
    assert await made.render(OTHER) is first
    assert await made.render(OTHER) is not first
    assert render_service.asked == [(OTHER, True, True), (OTHER, True, False)]


async def test_other_pages_are_rendered_as_they_are_asked_for(shared):
    made, render_service = shared
    await made.render(OTHER, needs_document=False)
    assert (render_service.asked, made.at_once) == ([(OTHER, False, False)], 4)


async def test_few_pages_are_kept(shared):
    made, render_service = shared
    for number in range(MAX_KEPT + 1):
        await made.render(f"{OTHER}/{number}", logs=True)
    render_service.asked.clear()
    await made.render(f"{OTHER}/0")
    await made.render(f"{OTHER}/1")
    assert render_service.asked == [(f"{OTHER}/0", True, False)]


async def test_of_large_pages_fewer_are_kept(shared):
    made, render_service = shared
    render_service.html, render_service.frames = "x" * (MAX_KEPT_CHARS // 4), ("x" * (MAX_KEPT_CHARS // 4),)
    for number in range(3):
        await made.render(f"{OTHER}/{number}", logs=True)
    render_service.asked.clear()
    for number in range(3):
        await made.render(f"{OTHER}/{number}")
    assert render_service.asked == [(f"{OTHER}/0", True, False)]


async def test_who_waits_for_somebody_elses_page_renders_it_when_that_failed(shared):
    made, render_service = shared
    render_service.error = RenderSlow("slow")
    render_service.go.clear()
    first = asyncio.create_task(made.render(START, logs=True))
    await asyncio.sleep(0)
    second = asyncio.create_task(made.render(START))
    await asyncio.sleep(0)
    render_service.go.set()
    with pytest.raises(RenderSlow):
        await first
    render_service.error = None
    with contextlib.suppress(RenderSlow):
        await second
    assert len(render_service.asked) == 2


async def test_who_waits_no_longer_is_let_go(shared):
    made, render_service = shared
    render_service.go.clear()
    first = asyncio.create_task(made.render(START, logs=True))
    await asyncio.sleep(0)
    limit = RenderLimit(60)
    second = asyncio.create_task(made.render(START, limit=limit))
    await asyncio.sleep(0)
    limit.end()
    with pytest.raises(RenderSlow):
        await second
    render_service.go.set()
    await first


async def test_what_is_asked_for_early_waits_and_learns_why_nothing_renders():
    @contextlib.asynccontextmanager
    async def open_render_service(open_renderer):
        raise BrowserUnavailable(english("browser.crashed"), is_lasting=True)
        yield

    made = SharedRenderService(open_render_service=open_render_service, is_start=lambda _: False)
    early = asyncio.create_task(made.render(OTHER, logs=True))
    await asyncio.sleep(0)
    assert not early.done()
    with pytest.raises(BrowserUnavailable):
        async with made.open(None):
            pass
    with pytest.raises(BrowserUnavailable):
        await early
    assert (await made.ready(), made.problem, made.at_once) == (False, english("browser.crashed"), 1)


async def test_when_it_is_closed_nothing_renders_any_more(shared):
    made, _ = shared

    @contextlib.asynccontextmanager
    async def open_render_service(open_renderer):
        yield RenderService()

    closed = SharedRenderService(open_render_service=open_render_service, is_start=lambda _: False)
    async with closed.open(None):
        assert await closed.ready()
    with pytest.raises(RenderFailed):
        await closed.render(OTHER)
    assert closed.problem is None
    assert await made.ready()


async def test_pages_that_took_too_much_memory_are_counted_once_each(shared):
    made, render_service = shared
    render_service.error = RenderOversized()
    for url, logs in ((START, False), (START, True), (OTHER, True)):
        with pytest.raises(RenderOversized):
            await made.render(url, logs=logs)
    render_service.error = RenderFailed("something else")
    with pytest.raises(RenderFailed):
        await made.render("https://corp.test/third")
    assert made.oversized == {START, OTHER}


class Machine:
    """Starts a browser after so many tries that failed."""

    def __init__(self, failures, *, is_lasting=False):
        self.failures, self.is_lasting, self.tries = failures, is_lasting, []
        self.shared = SharedRenderService(open_render_service=self.open, is_start=lambda _: False)

    @contextlib.asynccontextmanager
    async def open(self, open_renderer):
        self.tries.append(asyncio.get_running_loop().time())
        if len(self.tries) <= self.failures:
            raise BrowserUnavailable(english("browser.exited"), is_lasting=self.is_lasting)
        yield RenderService()

    async def run(self, meanwhile=None):
        """Return whether there was a browser."""
        other = asyncio.create_task(meanwhile(self.shared)) if meanwhile else None
        try:
            async with self.shared.open(None):
                rendered = await self.shared.render(OTHER)
                if other:
                    await other
                return rendered.final_url == OTHER
        except BrowserUnavailable:
            return False
        finally:
            if other:
                await other


def test_a_browser_that_did_not_start_is_started_again_later():
    machine = Machine(failures=2)
    assert run_in_virtual_time(machine.run()) == (True, RETRY_S[0] + RETRY_S[1])
    assert machine.tries == [0, RETRY_S[0], RETRY_S[0] + RETRY_S[1]]
    assert machine.shared.problem is None


def test_a_browser_that_never_starts_is_given_up():
    machine = Machine(failures=99)
    assert run_in_virtual_time(machine.run()) == (False, sum(RETRY_S))
    assert len(machine.tries) == len(RETRY_S) + 1
    assert machine.shared.problem == english("browser.exited")


def test_nobody_waits_for_a_browser_that_is_not_installed():
    machine = Machine(failures=99, is_lasting=True)
    assert run_in_virtual_time(machine.run()) == (False, 0)


def test_a_scan_that_has_nothing_else_to_do_starts_it_at_once_and_a_last_time():
    async def end(shared):
        await asyncio.sleep(1)
        assert shared.is_away
        shared.hurry(is_last=True)

    machine = Machine(failures=99)
    assert run_in_virtual_time(machine.run(end)) == (False, 1)
    assert machine.tries == [0, 1]


def test_a_crawl_that_has_nothing_else_to_do_waits_for_one_start():
    async def crawl(shared):
        await asyncio.sleep(1)
        outcomes.append((await shared.starts_now(), shared.is_away))

    for failures, outcome in ((1, (True, False)), (2, (False, True))):
        outcomes = []
        assert run_in_virtual_time(Machine(failures).run(crawl))[0]
        assert outcomes == [outcome]
