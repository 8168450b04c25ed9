"""The loop of a browser worker: leases, renders side by side, renews, answers, gives back."""

import asyncio
import threading

import pytest

from app.captures.contents import digest_of, unpack
from app.domain.messages import english
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.page_renderer import Rendered, RenderFailed, RenderSlow
from app.scanstore.errors import StoreUnavailable
from app.scanstore.renders import RenderOrder, RenderOutcome
from app.tasks.rendering import page_loop
from app.tasks.rendering.page_loop import PageLoop

HTML = "<p>rendered</p>"


def order(name, *, needs_document=False):
    return RenderOrder(name, f"http://{name}/", 15.0, needs_document)


class Leases:
    """What waits, in memory; the calls come from threads."""

    def __init__(self, *waiting):
        self.waiting, self.held, self.answers, self.given_back = list(waiting), {}, {}, []
        self.most, self.lost, self.is_away, self.lock = 0, set(), False, threading.Lock()

    def lease(self, holder, count):
        with self.lock:
            if self.is_away:
                raise StoreUnavailable("away")
            found, self.waiting = self.waiting[:count], self.waiting[count:]
            self.held |= {one.id: one for one in found}
            self.most = max(self.most, len(self.held))
            return found

    def renew(self, holder, ids):
        return set(ids) - self.lost

    def finish(self, holder, render_id, answer):
        with self.lock:
            if self.held.pop(render_id, None) is None or render_id in self.lost:
                return False
            self.answers[render_id] = answer
            return True

    def give_back(self, holder, *, counts):
        self.given_back.append((sorted(self.held), counts))


class Browser:
    """`outcomes`: by host, what is raised, or where scripts led."""

    def __init__(self, slots=2, outcomes=None, gate=None):
        self.slots, self.outcomes, self.gate, self.limits = slots, outcomes or {}, gate, {}

    async def render(self, url, *, limit=None, logs=False):
        self.limits[url] = limit
        outcome = self.outcomes.get(url, url)
        if self.gate is not None:
            async with limit.running():
                await self.gate.wait()
        if isinstance(outcome, Exception):
            raise outcome
        await asyncio.sleep(0)
        return Rendered(outcome, "title", HTML, b"\xff\xd8")


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(page_loop, "LOOK_S", 0.005)


def loop_of(leases, browser, **options):
    options = {"idle_s": 0.02, "renew_s": 0.01, "on_answered": lambda _: None, **options}
    return PageLoop(leases=leases, browser=browser, holder="me", **options)


async def run(leases, browser, **options):
    loop = loop_of(leases, browser, **options)
    async with asyncio.timeout(30):
        await loop.run()
    return loop


async def test_all_that_waits_is_rendered_a_few_at_a_time():
    leases = Leases(*[order(f"h{number}.test") for number in range(7)])
    loop = await run(leases, Browser())
    assert len(leases.answers) == loop.rendered == 7
    assert leases.most == 2
    answer = leases.answers["h0.test"]
    assert (answer.outcome, answer.final_url, answer.title, answer.screenshot) == (
        RenderOutcome.RENDERED,
        "http://h0.test/",
        "title",
        b"\xff\xd8",
    )
    assert answer.document == b"", "nobody needs it"
    assert leases.given_back == [([], False)]


async def test_the_document_comes_when_it_is_needed_or_scripts_led_away():
    leases = Leases(order("thin.test", needs_document=True), order("moved.test"), order("odd.test"))
    browser = Browser(outcomes={"http://moved.test/": "http://c.test/", "http://odd.test/": "about:blank"})
    await run(leases, browser)
    documents = {name: answer.document for name, answer in leases.answers.items()}
    digest = digest_of(HTML.encode())
    assert unpack(digest, documents["thin.test"]) == unpack(digest, documents["moved.test"]) == HTML.encode()
    assert documents["odd.test"] == b""


async def test_a_page_that_cannot_be_rendered_is_answered_too():
    outcomes = {
        "http://slow.test/": RenderSlow("late"),
        "http://bad.test/": RenderFailed("no"),
        "http://defect.test/": ValueError("secret"),
    }
    leases = Leases(*[order(name) for name in ("slow.test", "bad.test", "defect.test")])
    told = []
    await run(leases, Browser(outcomes=outcomes), on_answered=told.append)
    assert sorted(told) == ["failed", "failed", "slow"]
    assert {name: (answer.outcome.value, answer.reason) for name, answer in leases.answers.items()} == {
        "slow.test": ("slow", "late"),
        "bad.test": ("failed", "no"),
        "defect.test": ("failed", "ValueError"),
    }


async def test_a_lost_browser_ends_it_and_its_pages_are_given_back_as_a_possible_reason():
    leases = Leases(order("fatal.test"))
    browser = Browser(outcomes={"http://fatal.test/": BrowserUnavailable(english("browser.crashed"))})
    with pytest.raises(BrowserUnavailable):
        await run(leases, browser)
    assert leases.given_back == [(["fatal.test"], True)]


async def test_who_is_told_to_stop_gives_back_what_it_is_at():
    leases = Leases(order("a.test"), order("b.test"), order("c.test"))
    rendering = asyncio.create_task(loop_of(leases, Browser(gate=asyncio.Event())).run())
    async with asyncio.timeout(30):
        while len(leases.held) < 2:  # noqa: ASYNC110 - a thread takes them
            await asyncio.sleep(0.005)
        rendering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await rendering
    assert leases.given_back == [(["a.test", "b.test"], False)]
    assert leases.answers == {}


async def test_a_page_that_another_one_holds_now_is_let_go_of():
    leases, gate = Leases(order("taken.test")), asyncio.Event()

    class Patient(Browser):
        async def render(self, url, *, limit=None, logs=False):
            leases.lost.add("taken.test")
            try:
                return await super().render(url, limit=limit)
            except TimeoutError:
                assert limit.is_over
                raise RenderSlow("over") from None

    told = []
    loop = await run(leases, Patient(gate=gate), on_answered=told.append)
    assert (leases.answers, loop.rendered, told) == ({}, 0, [])


async def test_after_enough_pages_it_ends_while_more_waits():
    leases = Leases(*[order(f"h{number}.test") for number in range(5)])
    assert (await run(leases, Browser(), max_pages=3, idle_s=60)).rendered == 3
    assert len(leases.waiting) == 2


async def test_while_the_database_is_away_it_waits():
    leases = Leases(order("a.test"))
    leases.is_away = True
    asyncio.get_running_loop().call_later(0.05, setattr, leases, "is_away", False)
    assert (await run(leases, Browser(), idle_s=0.5)).rendered == 1
