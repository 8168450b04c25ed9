"""Which captures are rendered, in which order, and what comes of those that were too slow."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.scan_facts import Capture
from app.engines.capture.capturer import CapturedPage
from app.engines.html.page_content import PageContent
from app.engines.pipeline.capture.renderings import END_S, PATIENT_TIMEOUT_S, WAIT_FOR_VIOLATING_S, WAIT_S, Renderings
from app.engines.pipeline.capture.screenshots import NotRendered
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.time_budget import BROWSER_MAX_S, BROWSER_MIN_S, BROWSER_PAGE_S
from tests.support.virtual_time import run_in_virtual_time
from tests.unit.engines.pipeline.test_time_budget import new_budget


def capture_of(name, *, text="a page that says what it is " * 5, **more):
    capture = Capture(name, name, f"http://{name}/", f"http://{name}/", 200, html_sha256="a" * 64)
    return CaptureTarget(name, name, f"http://{name}/", **more), CapturedPage(capture, PageContent(text=text))


class Screenshots:
    """Renders what is not said to be slow, and remembers with how much patience; time passes while it does."""

    at_once = 4

    def __init__(self, slow=(), seconds_each=1.0, problem=""):
        self.slow, self.seconds_each, self.problem = list(slow), seconds_each, problem
        self.rendered, self.now, self.gate = [], 0.0, asyncio.Event()
        self.gate.set()

    async def start(self, stack): ...

    def should_render(self, target, page, *, violates=False):
        return True

    async def render(self, page, *, limit):
        name = page.capture.host
        self.rendered.append((name, limit.timeout_s))
        await asyncio.sleep(0)
        await self.gate.wait()
        self.now += self.seconds_each
        if name in self.slow:
            self.slow.remove(name)
            return NotRendered.SLOW
        return replace(page, capture=replace(page.capture, screenshot_sha256="b" * 64))


class Run:
    """Renderings with what they told."""

    def __init__(self, screenshots, monotonic=None, budget=None):
        self.screenshots, self.rendered, self.problems, self.hurries = screenshots, [], [], 0
        self.renderings = Renderings(
            screenshots=screenshots,
            on_rendered=self.on_rendered,
            on_problem=self.on_problem,
            budget=budget or new_budget(spent_s=BROWSER_MAX_S),
            hurry_browser=self.hurry,
            monotonic=monotonic or (lambda: screenshots.now),
        )

    def hurry(self):
        self.hurries += 1

    async def on_rendered(self, target, page):
        assert page.capture.screenshot_sha256
        self.rendered.append(target.host)

    async def on_problem(self, reason):
        self.problems.append(reason)

    def offer(self, name, *, violates=False, **more):
        self.renderings.offer(*capture_of(name, **more), violates=violates)

    def again(self):
        return [name for name, timeout_s in self.screenshots.rendered if timeout_s == PATIENT_TIMEOUT_S]

    async def to_the_end(self, *, timeout_s=30):
        async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
            group.create_task(self.renderings.run())
            await self.renderings.settle()
            self.renderings.close()


async def test_the_browser_is_told_when_there_is_nothing_else_to_do():
    run = Run(Screenshots())
    run.offer("clean.test")
    assert run.hurries == 0
    await run.to_the_end()
    assert run.hurries == 2  # to settle, and to close


async def test_what_violates_is_rendered_first():
    run = Run(Screenshots())
    run.offer("clean.test")
    run.offer("bad.test", violates=True)
    run.offer("corp.test", evidence=True)
    await run.to_the_end()
    assert run.rendered == ["corp.test", "bad.test", "clean.test"]
    assert (run.renderings.steps, run.renderings.missing) == ((3, 3), 0)


async def test_what_nobody_knows_unrendered_comes_before_pictures_of_what_is_known_to_violate():
    run = Run(Screenshots())
    run.offer("clean.test")
    run.offer("script.test", text="loading")
    run.offer("bad.test", violates=True)
    run.renderings.prefer("http://clean.test/")
    await run.to_the_end()
    assert run.rendered == ["script.test", "clean.test", "bad.test"]


async def test_what_nobody_knows_unrendered_is_rendered_again_at_once_when_it_was_too_slow():
    run = Run(Screenshots(slow=["script.test"]))
    run.screenshots.at_once = 1
    run.offer("bad.test", violates=True)
    run.offer("script.test", text="loading")
    await run.to_the_end()
    assert [name for name, _ in run.screenshots.rendered] == ["script.test", "script.test", "bad.test"]
    assert run.again() == ["script.test"]


async def test_a_scan_waits_as_long_for_what_nobody_knows_unrendered_as_for_what_violates():
    run = Run(Screenshots(slow=["script.test"]))
    run.offer("script.test", text="loading")
    run.offer("clean.test")
    run.renderings._waited_s = WAIT_S - 1.0
    await run.to_the_end()
    assert "script.test" in run.rendered


async def test_what_was_too_slow_is_rendered_once_more_with_patience_and_what_violates_first():
    run = Run(Screenshots(slow=["one.test", "two.test", "bad.test"]))
    for name in ("one.test", "two.test", "other.test"):
        run.offer(name)
    run.offer("bad.test", violates=True)
    await run.to_the_end()
    assert run.again() == ["bad.test", "one.test", "two.test"]
    assert sorted(run.rendered) == ["bad.test", "one.test", "other.test", "two.test"]


async def test_a_page_that_turned_out_to_violate_after_it_was_offered_is_among_the_first():
    run = Run(Screenshots(slow=["one.test", "bad.test"]))
    for name in ("one.test", "bad.test"):
        run.offer(name)
    run.screenshots.should_render = lambda *_, **__: False
    run.offer("bad.test", violates=True)
    await run.to_the_end()
    assert run.again()[0] == "bad.test"


async def test_what_is_slow_twice_has_no_picture_and_is_counted():
    run = Run(Screenshots(slow=["bad.test", "one.test"] * 2))
    run.offer("bad.test", violates=True)
    run.offer("one.test")
    await run.to_the_end()
    assert (run.rendered, run.renderings.missing, run.renderings.missing_violating) == ([], 2, 1)


async def test_a_picture_that_was_never_taken_is_not_told_as_one():
    """Two tries of one page are one picture at most, and what was given up counts among those that were to be."""
    run = Run(Screenshots(slow=["once.test", "never.test", "never.test"]))
    for name in ("once.test", "never.test", "quick.test"):
        run.offer(name)
    await run.to_the_end()
    assert sorted(run.rendered) == ["once.test", "quick.test"]
    assert (run.renderings.pictures, run.renderings.steps) == ((2, 3), (5, 5))


async def test_without_a_browser_there_are_no_pictures_to_wait_for():
    run = Run(Screenshots(problem="no browser"))
    run.offer("a.test")
    await run.to_the_end()
    assert (run.problems, run.renderings.pictures) == (["no browser"], (0, 0))


@pytest.mark.parametrize(("waited_s", "left_out"), [(WAIT_S, (6, 0)), (WAIT_FOR_VIOLATING_S, (8, 2))])
async def test_a_scan_waits_for_pictures_for_a_bounded_time_and_longer_for_what_violates(waited_s, left_out):
    """Six of each, of which four are under way."""
    run = Run(Screenshots())
    run.screenshots.gate.clear()
    for number in range(6):
        run.offer(f"{number}.test")
        run.offer(f"bad{number}.test", violates=True)
    run.renderings._waited_s = waited_s
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(run.renderings.run())
        settling = group.create_task(run.renderings.settle())
        while run.renderings.missing < left_out[0]:  # noqa: ASYNC110 - a number, and no clock stands still for it
            await asyncio.sleep(0)
        run.screenshots.gate.set()
        await settling
        run.renderings.close()
    assert (run.renderings.missing, run.renderings.missing_violating) == left_out
    assert len(run.rendered) == 12 - left_out[0]
    assert run.renderings.pictures == (len(run.rendered), 12)
    assert all(name.startswith("bad") for name in run.rendered)


class BusyBrowser(Screenshots):
    """Renders one page at a time, none of them ever to its end: every page takes all the time that it has."""

    def __init__(self):
        super().__init__()
        self.turns = asyncio.Semaphore()

    async def render(self, page, *, limit):
        self.rendered.append((page.capture.host, limit.timeout_s))
        async with self.turns:
            try:
                async with limit.running():
                    await asyncio.Event().wait()
            except TimeoutError:
                return NotRendered.SLOW


@pytest.mark.parametrize(
    ("clean", "violating", "waited_s"), [(1, 0, WAIT_S), (30, 0, WAIT_S), (0, 1, 75), (30, 30, WAIT_FOR_VIOLATING_S)]
)
def test_on_a_machine_that_renders_nothing_the_scan_ends_when_the_wait_is_over(clean, violating, waited_s):
    """A page that violates alone: 15 s, and once more 60 s with patience."""

    async def wait_for_pictures():
        run = Run(BusyBrowser(), monotonic=asyncio.get_running_loop().time)
        for number in range(clean):
            run.offer(f"clean{number}.test")
        for number in range(violating):
            run.offer(f"bad{number}.test", violates=True)
        await run.to_the_end(timeout_s=None)
        return run

    run, passed_s = run_in_virtual_time(wait_for_pictures())
    assert passed_s == pytest.approx(waited_s, abs=0.1)
    assert (run.renderings.missing, run.renderings.missing_violating) == (clean + violating, violating)
    assert run.renderings._under_way == []


@pytest.mark.parametrize(
    ("waited_s", "violating", "left_s"),
    [
        (0.0, 0, BROWSER_MIN_S),
        (50.0, 0, BROWSER_MIN_S - 50.0),
        (50.0, 3, BROWSER_MIN_S + 3 * BROWSER_PAGE_S - 50.0),
        (BROWSER_MAX_S, 30, 0.0),
    ],
)
def test_a_quick_scan_waits_no_longer_than_it_is_worth_the_crawl_s_wait_included(waited_s, violating, left_s):
    """A scan that takes a minute alone had waited seven for a browser that got to nothing."""
    budget = new_budget()
    budget.note_browser_wait(waited_s)

    async def wait_for_pictures():
        run = Run(BusyBrowser(), monotonic=asyncio.get_running_loop().time, budget=budget)
        for number in range(30):
            run.offer(f"clean{number}.test")
        for number in range(violating):
            run.offer(f"bad{number}.test", violates=True)
        await run.to_the_end(timeout_s=None)
        return run

    run, passed_s = run_in_virtual_time(wait_for_pictures())
    assert passed_s == pytest.approx(left_s, abs=0.1)
    assert (run.renderings.missing, run.renderings.missing_violating) == (30 + violating, violating)


class BrowserInTurns(Screenshots):
    """Renders one page at a time, each as long as said, within its limit."""

    at_once = 1

    def __init__(self, seconds_by_name):
        super().__init__()
        self.seconds_by_name = seconds_by_name

    async def render(self, page, *, limit):
        name = page.capture.host
        self.rendered.append((name, limit.timeout_s))
        try:
            async with limit.running():
                await asyncio.sleep(self.seconds_by_name[name])
        except TimeoutError:
            return NotRendered.SLOW
        return replace(page, capture=replace(page.capture, screenshot_sha256="b" * 64))


def test_what_violates_keeps_its_second_try_when_the_others_that_violate_took_the_time():
    """The start page of a busy machine's scan had none: the time of pages counted, but no longer what they are worth,
    once they had their picture.
    """
    names = [f"bad{number}.test" for number in range(5)]

    async def wait_for_pictures():
        browser = BrowserInTurns({"www.test": 20.0, **dict.fromkeys(names, 14.0)})
        run = Run(browser, monotonic=asyncio.get_running_loop().time, budget=new_budget())
        for name in (*names, "www.test"):
            run.offer(name, violates=True)
        await run.to_the_end(timeout_s=None)
        return run

    run, _ = run_in_virtual_time(wait_for_pictures())
    assert run.again() == ["www.test"]
    assert sorted(run.rendered) == [*names, "www.test"]
    assert run.renderings.missing == 0


def test_what_does_not_end_when_nobody_waits_any_more_is_left_behind_and_counted():
    """A browser that is still being started, and one that does not even give up a page."""

    class Stuck(Screenshots):
        async def render(self, page, *, limit):
            await asyncio.Event().wait()

    async def wait_for_pictures():
        run = Run(Stuck(), monotonic=asyncio.get_running_loop().time, budget=new_budget())
        run.offer("clean.test")
        run.offer("bad.test", violates=True)
        await run.to_the_end(timeout_s=None)
        return run

    run, passed_s = run_in_virtual_time(wait_for_pictures())
    assert passed_s == pytest.approx(BROWSER_MIN_S + BROWSER_PAGE_S + END_S, abs=0.1)
    assert (run.renderings.missing, run.renderings.missing_violating) == (2, 1)


async def test_a_start_page_that_refers_to_a_violation_comes_before_the_others():
    run = Run(Screenshots(slow=["www.test", "one.test"]))
    for name in ("one.test", "www.test"):
        run.offer(name)
    run.renderings.prefer("http://www.test/")
    await run.to_the_end()
    assert [name for name, _ in run.screenshots.rendered][0::2] == ["www.test", "www.test"]


async def test_one_that_has_its_picture_is_not_rendered_again():
    run = Run(Screenshots())
    target, page = capture_of("a.test")
    run.renderings.offer(
        target, replace(page, capture=replace(page.capture, screenshot_sha256="b" * 64)), violates=True
    )
    await run.to_the_end()
    assert run.screenshots.rendered == []


async def test_without_a_browser_the_reason_is_told_once_and_nothing_is_rendered():
    run = Run(Screenshots(problem="no Chromium found"))
    run.offer("a.test")
    await run.to_the_end()
    assert (run.screenshots.rendered, run.problems) == ([], ["no Chromium found"])


async def test_when_the_time_is_over_nothing_more_is_rendered():
    run = Run(Screenshots())
    run.offer("a.test")
    run.renderings.give_up()
    await run.to_the_end()
    assert run.screenshots.rendered == []


async def test_a_page_is_rendered_for_its_verdict_alone_beside_all_that_waits():
    run = Run(Screenshots(slow=["b.test"]))
    _, page = capture_of("a.test")
    rendered = await run.renderings.render_again(page)
    assert rendered is not None
    assert rendered.capture.screenshot_sha256
    assert await run.renderings.render_again(capture_of("b.test")[1]) is None
    assert (run.rendered, run.renderings.steps, run.renderings.pictures) == ([], (0, 0), (0, 0))
