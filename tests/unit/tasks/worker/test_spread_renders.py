"""Pages that are rendered elsewhere: asked for, taken, and rendered here when nobody else does."""

import asyncio
import contextlib
import threading
from dataclasses import replace

import pytest

from app.captures.contents import pack
from app.core.aio import end_tasks
from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.domain.messages import english
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.page_renderer import Rendered, RenderFailed, RenderOversized, RenderSlow
from app.engines.capture.render_limit import RenderLimit
from app.scanstore.errors import StoreUnavailable
from app.scanstore.renders import RenderAnswer, RenderOutcome, RenderState
from app.tasks.render_log import pack_log, unpack_log
from app.tasks.worker import spread_renders as module
from app.tasks.worker.spread_renders import SpreadRenders
from tests.support.realtime import until

URL = "http://b.test/"
HERE = Rendered(URL, "here", "<p>here</p>", b"\xff\xd8here")
RENDERED = RenderAnswer(RenderOutcome.RENDERED, "", "http://c.test/", "there", b"\xff\xd8there", pack(b"<p>there</p>"))


class Renders:
    """The orders of a scan, in memory; calls come from one thread."""

    def __init__(self):
        self.orders, self.held, self.answers = {}, set(), {}
        self.others_are_rendered = False  # pages of other scans
        self.is_away = False
        self.put_often = 0

    def _ask(self):
        if self.is_away:
            raise StoreUnavailable("away")

    def put(self, orders):
        self._ask()
        for order in orders:
            self.orders.setdefault(order.id, order)
        self.put_often += len(orders)  # the last step: tests wait for it

    def states(self):
        self._ask()
        return [RenderState(key, key in self.held, key in self.answers) for key in self.orders]

    def answer(self, render_id):
        self._ask()
        return self.answers.get(render_id)

    def remove(self, ids):
        self._ask()
        for key in ids:
            self.orders.pop(key, None)

    def take_back(self, ids):
        self._ask()
        taken = set(ids) & self.orders.keys() - self.held - self.answers.keys()
        self.remove(taken)
        return taken

    def remove_all(self):
        self._ask()
        self.orders.clear()

    def is_any_held(self):
        self._ask()
        return bool(self.held) or self.others_are_rendered

    def answer_all(self, answer=RENDERED):
        self.answers |= dict.fromkeys(self.orders, answer)


class Browser:
    """The scan's own."""

    async def render(self, url, *, limit=None, logs=False):
        return HERE


class Scene:
    def __init__(self):
        self.renders, self.silence_s, self.woken, self.opened, self.reason = Renders(), 0.0, 0, 0, None
        self.spread = SpreadRenders(
            renders=self.renders,
            silence=self.silence,
            want_browser=self.want_browser,
            open_renderer=self.open_renderer,
            look_s=0.005,
        )

    def silence(self):
        if self.renders.is_away:
            raise DatabaseUnavailable(Failure.UNREACHABLE)
        return self.silence_s

    def want_browser(self):
        self.woken += 1

    @contextlib.asynccontextmanager
    async def open_renderer(self):
        if self.reason is not None:
            raise BrowserUnavailable(self.reason)
        self.opened += 1
        yield Browser()
        self.opened -= 1


@pytest.fixture
def scene(monkeypatch):
    monkeypatch.setattr(module, "PRESENCE_S", 0.0)
    # Nothing that a busy machine delays is taken for workers that render nothing.
    monkeypatch.setattr(module, "IDLE_PATIENCE_S", 60.0)
    return Scene()


@pytest.fixture
def impatient(monkeypatch, scene):
    """For what takes patience."""
    monkeypatch.setattr(module, "IDLE_PATIENCE_S", 0.05)


@contextlib.asynccontextmanager
async def asked_for(scene, **options):
    """A page that a browser worker is asked for."""
    async with scene.spread.open() as spread:
        rendering = asyncio.create_task(spread.render(URL, **options))
        try:
            await until(lambda: scene.renders.put_often)  # what is put can be taken back before we look
            yield rendering
        finally:
            await end_tasks([rendering])


async def test_a_page_is_asked_for_and_its_answer_is_taken_once(scene):
    async with asked_for(scene, limit=RenderLimit(60.0), needs_document=False) as rendering:
        (order,) = scene.renders.orders.values()
        assert (order.url, order.timeout_s, order.needs_document) == (URL, 60.0, False)
        scene.renders.answer_all()
        assert await rendering == Rendered("http://c.test/", "there", "<p>there</p>", b"\xff\xd8there")
        await until(lambda: not scene.renders.orders)
    assert (scene.renders.put_often, scene.opened) == (1, 0)
    assert scene.woken == 1


@pytest.mark.parametrize(("outcome", "error"), [(RenderOutcome.SLOW, RenderSlow), (RenderOutcome.FAILED, RenderFailed)])
async def test_a_page_that_was_not_rendered_is_told_as_if_it_were_here(scene, outcome, error):
    async with asked_for(scene) as rendering:
        scene.renders.answer_all(RenderAnswer(outcome, "why"))
        with pytest.raises(error, match="why"):
            await rendering


async def test_a_page_that_took_too_much_memory_elsewhere_did_so_here(scene):
    async with asked_for(scene) as rendering:
        scene.renders.answer_all(RenderAnswer(RenderOutcome.FAILED, str(RenderOversized())))
        with pytest.raises(RenderOversized):
            await rendering


async def test_the_log_of_a_page_is_read_beside_the_loop(scene, monkeypatch):
    readers = []

    def unpack(packed):
        readers.append(threading.current_thread())
        return unpack_log(packed)

    monkeypatch.setattr(module, "unpack_log", unpack)
    frames = ("<p>frame</p>",)
    async with asked_for(scene, logs=True) as rendering:
        scene.renders.answer_all(replace(RENDERED, log=pack_log(replace(HERE, frames=frames))))
        assert (await rendering).frames == frames
    assert len(readers) == 1
    assert readers[0] is not threading.current_thread()


async def test_without_a_document_there_is_none(scene):
    async with asked_for(scene) as rendering:
        scene.renders.answer_all(RenderAnswer(RenderOutcome.RENDERED, "", URL, "t", b"\xff\xd8"))
        assert (await rendering).html == ""


async def test_a_document_that_is_larger_than_any_may_be_is_refused(scene, monkeypatch):
    monkeypatch.setattr(module, "MAX_DOCUMENT", 3)
    async with asked_for(scene) as rendering:
        scene.renders.answer_all()
        with pytest.raises(RenderFailed):
            await rendering


@pytest.mark.parametrize("silence_s", [None, 46.0])
async def test_without_a_browser_worker_pages_are_rendered_here(scene, silence_s):
    scene.silence_s = silence_s
    async with scene.spread.open() as spread:
        assert [await spread.render(URL), await spread.render(URL)] == [HERE, HERE]
        assert (scene.opened, scene.renders.put_often) == (1, 0)
    assert scene.opened == 0


async def test_without_any_browser_it_is_said_why(scene):
    scene.silence_s, scene.reason = None, english("browser.exited")
    with pytest.raises(BrowserUnavailable) as error:
        async with scene.spread.open():
            raise AssertionError
    assert error.value.reason == english("browser.nobody_draws", reason=english("browser.exited"))


async def test_what_waits_when_the_last_browser_worker_is_gone_is_rendered_here(scene):
    async with asked_for(scene) as rendering:
        scene.silence_s = None
        assert await rendering == HERE
        assert scene.renders.orders == {}


async def test_what_a_worker_is_at_is_waited_for(scene):
    async with asked_for(scene) as rendering:
        scene.renders.held |= scene.renders.orders.keys()
        scene.silence_s = None
        await asyncio.sleep(0.1)
        assert not rendering.done()
        scene.renders.answer_all()
        assert (await rendering).title == "there"


async def test_workers_that_render_nothing_are_not_waited_for(scene, impatient):
    async with asked_for(scene) as rendering:
        assert await rendering == HERE
        assert await scene.spread.render(URL) == HERE, "for a while nobody is asked again"
    assert scene.renders.put_often == 1


async def test_workers_that_render_for_other_scans_are_waited_for(scene, impatient):
    scene.renders.others_are_rendered = True
    async with asked_for(scene) as rendering:
        await asyncio.sleep(0.15)
        assert not rendering.done()
        scene.renders.answer_all()
        await rendering


async def test_an_order_that_was_lost_is_put_again(scene):
    scene.renders.others_are_rendered = True
    async with asked_for(scene) as rendering:
        scene.renders.orders.clear()
        await until(lambda: scene.renders.orders)
        scene.renders.answer_all()
        await rendering


async def test_a_database_that_is_away_costs_time_and_nothing_else(scene):
    async with asked_for(scene) as rendering:
        scene.renders.is_away = True
        await asyncio.sleep(0.03)
        scene.renders.answer_all()
        await asyncio.sleep(0.03)
        assert not rendering.done()
        scene.renders.is_away = False
        assert (await rendering).title == "there"


async def test_a_page_that_nobody_waits_for_any_more_is_taken_back(scene):
    limit = RenderLimit(15)
    async with asked_for(scene, limit=limit) as rendering:
        limit.end()
        with pytest.raises(RenderSlow):
            await rendering
        await until(lambda: not scene.renders.orders)


async def test_at_the_end_of_the_scan_nothing_is_left(scene):
    async with asked_for(scene):
        scene.renders.held |= scene.renders.orders.keys()
    assert scene.renders.orders == {}
