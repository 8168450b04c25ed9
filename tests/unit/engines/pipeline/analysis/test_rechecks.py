"""What is new is captured and judged once more; what could not be seen as before stays as it is."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.domain.messages import MessageCatalog
from app.domain.rechecks import Recheck
from app.domain.scan_facts import Capture, FetchError
from app.domain.violations import Evidence, Layer, ViolationFact, ViolationKey
from app.engines.capture.capturer import CapturedPage
from app.engines.model import RecheckConfig
from app.engines.pipeline.analysis import rechecks as module
from app.engines.pipeline.analysis.rechecks import Rechecks
from app.engines.pipeline.capture_selector import CaptureTarget
from tests.support.said import said

URL = "http://a.test/"
TARGET = CaptureTarget("a.test", "a.test", URL)
OTHER = CaptureTarget("a.test", "a.test", f"{URL}other")
PAGE = CapturedPage(Capture("a.test", "a.test", URL, URL, 200, captured_at=1_000.0))
RENDERED = replace(PAGE, capture=replace(PAGE.capture, source_sha256="1" * 64))
AGAIN = replace(PAGE, capture=replace(PAGE.capture, captured_at=1_060.0))


def fact(*layers, key=ViolationKey.GAMBLING):
    evidence = tuple(Evidence(layer, "rule", 0.9) for layer in layers or (Layer.TEXT,))
    return ViolationFact("a.test", key, 0.9, "", evidence, needs_review=False, url=URL)


FACT = fact()


class Sink:
    """Answers as the reporter does."""

    def __init__(self):
        self.told, self.states, self.lines = [], {}, []

    async def recheck(self, domain, key, state):
        before = self.states.get((domain, key))
        if state is Recheck.AWAITED and before is not None:
            return before is state
        if state is Recheck.NOT_CONFIRMED and before is not Recheck.AWAITED:
            return before is state
        self.told.append(state.value)
        self.states[domain, key] = state
        return True

    async def log(self, entry):
        self.lines.append(entry.message)


class Store:
    """Checkpoints alone."""

    def __init__(self):
        self.kept = {}

    def checkpoint(self, key):
        return self.kept.get(key)

    def put_checkpoint(self, key, value):
        self.kept[key] = value


class Pages:
    """What pages are the second time, and what they are accused of."""

    def __init__(self):
        self.plain, self.rendered = {}, None
        self.facts = {}  # by whether the page was rendered
        self.captured = []

    async def look_again(self, target):
        self.captured.append(target.url)
        return self.plain.get(target.url, AGAIN)

    async def render_again(self, page):
        return self.rendered

    async def judge(self, target, page):
        return self.facts.get(page is self.rendered, [])


class Scene:
    """Rechecks of a scan whose predecessor has found nothing."""

    def __init__(self, *, known=frozenset(), after_s=0.01, now=1_000.0, is_first=False):
        self.sink, self.store, self.pages, self.now = Sink(), Store(), Pages(), now
        self.config = None if is_first else RecheckConfig(known=frozenset(known), after_s=after_s)
        self.rechecks = self.make()

    def make(self):
        return Rechecks(
            config=self.config,
            captures=self.pages,
            store=self.store,
            sink=self.sink,
            texts=MessageCatalog("en"),
            now=lambda: self.now,
        )

    @asynccontextmanager
    async def running(self):
        """At the end all is looked at."""
        async with asyncio.TaskGroup() as group, asyncio.timeout(20):
            group.create_task(self.rechecks.run(self.pages.judge))
            yield self.rechecks
            await self.rechecks.finish()

    async def look(self, *facts, page=PAGE):
        async with self.running() as rechecks:
            await rechecks.note(TARGET, page, facts or (FACT,))
        return self.sink.told


async def test_what_is_accused_again_is_upheld():
    scene = Scene()
    scene.pages.facts[False] = [FACT]
    assert await scene.look() == ["awaited", "upheld"]
    assert (scene.pages.captured, scene.rechecks.awaited) == ([URL], 0)
    assert scene.sink.lines == [said("recheck_confirmed", domain="a.test", name=said("violation.gambling"))]


async def test_what_answers_and_is_accused_no_longer_is_not_confirmed():
    scene = Scene()
    scene.pages.facts[False] = [fact(key=ViolationKey.ADULT)]
    assert await scene.look() == ["awaited", "not_confirmed"]
    assert scene.sink.lines == [said("recheck_not_confirmed", domain="a.test", name=said("violation.gambling"))]


@pytest.mark.parametrize(
    "change",
    [
        {"error": FetchError.TIMEOUT, "status": 0},
        {"status": 503},
        {"status": 404},
        {"page_class": "empty"},
        {"page_class": "parked"},
    ],
    ids=str,
)
async def test_what_is_no_answer_says_nothing(change):
    scene = Scene()
    scene.pages.plain[URL] = replace(AGAIN, capture=replace(AGAIN.capture, **change))
    assert await scene.look() == ["awaited", "upheld"]
    assert scene.sink.lines == [said("recheck_failed", domain="a.test", name=said("violation.gambling"))]


async def test_what_cannot_be_read_says_nothing():
    scene = Scene()
    scene.pages.facts[False] = None
    assert await scene.look() == ["awaited", "upheld"]


@pytest.mark.parametrize(
    ("page", "layers"), [(RENDERED, [Layer.TEXT]), (PAGE, [Layer.IMAGE])], ids=["rendered", "picture"]
)
async def test_what_a_browser_alone_has_shown_is_rendered_again(page, layers):
    without = Scene()
    assert await without.look(fact(*layers), page=page) == ["awaited", "upheld"]
    for facts, state, picture in (
        ([FACT], "upheld", "2" * 64),
        ([], "not_confirmed", "2" * 64),
        (None, "upheld", "2" * 64),
        ([], "upheld", ""),  # it was not kept
    ):
        scene = Scene()
        scene.pages.rendered = replace(AGAIN, capture=replace(AGAIN.capture, screenshot_sha256=picture))
        scene.pages.facts[True] = facts
        assert await scene.look(fact(*layers), page=page) == ["awaited", state]


async def test_what_a_model_alone_says_is_never_refuted():
    assert await Scene().look(fact(Layer.MODEL)) == ["awaited", "upheld"]
    assert await Scene().look(fact(Layer.MODEL, Layer.TEXT)) == ["awaited", "not_confirmed"]


@pytest.mark.parametrize(
    "found",
    [
        fact(Layer.REPUTATION),
        fact(Layer.TEXT, Layer.REPUTATION),
        fact(key=ViolationKey.HIDDEN_LINK),
        fact(key=ViolationKey.TAKEOVER),
        fact(key=ViolationKey.TAMPERED),
    ],
    ids=str,
)
async def test_what_does_not_rest_on_the_page_is_not_looked_at_again(found):
    scene = Scene()
    assert "awaited" not in await scene.look(found)
    assert scene.pages.captured == []


async def test_what_the_scan_before_has_found_is_not_looked_at_again_nor_is_anything_in_a_first_scan():
    assert await Scene(known=[("a.test", "gambling")], after_s=600).look() == []
    assert await Scene(is_first=True).look() == []


async def test_the_site_s_own_pages_are_not_looked_at_again():
    scene = Scene()
    async with scene.running() as rechecks:
        await rechecks.note(replace(TARGET, own=True), PAGE, [FACT])
    assert scene.sink.told == []


async def test_a_list_that_says_the_same_upholds_it_at_once():
    scene = Scene(after_s=600)
    async with scene.running() as rechecks:
        await rechecks.note(TARGET, PAGE, [FACT])
        await rechecks.note(OTHER, PAGE, [fact(Layer.REPUTATION)])
        assert scene.sink.told == ["awaited", "upheld"]
        rechecks.give_up()
    assert scene.sink.told == ["awaited", "upheld"]


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_list_upholds_what_was_refuted_and_keeps_it_from_being_looked_at(is_first):
    scene, listed = Scene(), fact(Layer.REPUTATION)
    if not is_first:
        assert await scene.look() == ["awaited", "not_confirmed"]
        scene.rechecks = scene.make()
    async with scene.running() as rechecks:
        await rechecks.note(OTHER, PAGE, [listed])
        await rechecks.note(TARGET, PAGE, [FACT])
    assert scene.sink.told == ["upheld"] if is_first else scene.sink.told[2:] == ["upheld"]
    assert OTHER.url not in scene.pages.captured


@pytest.mark.parametrize(
    ("target", "page", "state"), [(OTHER, PAGE, "upheld"), (TARGET, RENDERED, "upheld"), (TARGET, PAGE, None)]
)
async def test_what_was_not_looked_at_again_is_not_refuted_with_the_rest(target, page, state):
    scene = Scene(now=1_060.0)
    assert await scene.look() == ["awaited", "not_confirmed"]
    await scene.rechecks.note(target, page, [FACT])
    assert scene.sink.told[2:] == ([] if state is None else [state])


async def test_a_page_that_a_browser_accuses_while_it_is_looked_at_without_one_is_not_refuted():
    scene = Scene()

    async def judge(target, page):
        await scene.rechecks.note(TARGET, RENDERED, [FACT])
        return []

    scene.pages.judge = judge
    assert await scene.look() == ["awaited", "upheld"]


async def test_pages_that_are_noted_while_nothing_can_be_written_are_all_looked_at():
    scene, written = Scene(), asyncio.Event()
    recheck = scene.sink.recheck

    async def wait(*arguments):
        await written.wait()
        return await recheck(*arguments)

    scene.sink.recheck = wait
    async with scene.running() as rechecks, asyncio.TaskGroup() as group:
        for target in (TARGET, OTHER):
            group.create_task(rechecks.note(target, PAGE, [FACT]))
        await asyncio.sleep(0)
        written.set()
    assert sorted(scene.pages.captured) == [URL, OTHER.url]
    assert scene.sink.told == ["awaited", "not_confirmed"]


async def test_what_was_refuted_and_not_told_before_an_end_is_told_by_the_successor():
    scene = Scene(now=1_060.0)
    assert await scene.look() == ["awaited", "not_confirmed"]
    scene.sink.states["a.test", "gambling"] = Recheck.AWAITED  # what the log has
    scene.rechecks = scene.make()
    await scene.rechecks.note(TARGET, PAGE, [FACT])
    assert scene.sink.told[2:] == ["not_confirmed"]


async def test_all_pages_that_are_accused_of_it_are_looked_at_and_each_of_them_can_uphold_it():
    gone = replace(AGAIN, capture=replace(AGAIN.capture, error=FetchError.DNS, status=0))
    for plain, state in (({}, "not_confirmed"), ({OTHER.url: gone}, "upheld")):
        scene = Scene()
        scene.pages.plain = plain
        async with scene.running() as rechecks:
            await rechecks.note(TARGET, PAGE, [FACT])
            await rechecks.note(OTHER, PAGE, [FACT])
        assert scene.pages.captured == [URL, OTHER.url]
        assert scene.sink.told == ["awaited", state]


async def test_two_pages_that_are_accused_of_the_same_a_minute_apart_need_no_third_look():
    scene = Scene(after_s=60, now=1_200.0)
    later = replace(PAGE, capture=replace(PAGE.capture, captured_at=1_060.0))
    async with scene.running() as rechecks:
        await rechecks.note(TARGET, PAGE, [FACT])
        await rechecks.note(OTHER, later, [FACT])
    assert (scene.sink.told, scene.pages.captured) == (["awaited", "upheld"], [])
    assert scene.sink.lines == [said("recheck_confirmed", domain="a.test", name=said("violation.gambling"))]


async def test_a_page_that_is_accused_after_the_recheck_upholds_what_was_refuted():
    scene = Scene(now=1_060.0)
    assert await scene.look() == ["awaited", "not_confirmed"]
    scene.rechecks = scene.make()  # of a later attempt, which analyses the same captures again
    later = replace(PAGE, capture=replace(PAGE.capture, captured_at=1_070.0))
    async with scene.running() as rechecks:
        await rechecks.note(TARGET, PAGE, [FACT])
        assert scene.sink.told[2:] == []
        await rechecks.note(OTHER, later, [FACT])
    assert scene.sink.told[2:] == ["upheld"]


async def test_the_pause_counts_from_the_capture_and_no_clock_makes_it_longer():
    old = Scene(after_s=600, now=1_600.0)
    assert await old.look() == ["awaited", "not_confirmed"]
    set_back = Scene(after_s=0.05, now=1.0)
    assert await set_back.look() == ["awaited", "not_confirmed"]


async def test_a_scan_whose_time_is_over_waits_no_longer_and_leaves_what_waits_as_it_is():
    scene = Scene(after_s=600)
    async with scene.running() as rechecks:
        await rechecks.note(TARGET, PAGE, [FACT])
        assert rechecks.awaited == 1
        await asyncio.sleep(0)
        rechecks.give_up()
    assert "not_confirmed" not in scene.sink.told
    assert scene.pages.captured == []


async def test_a_scan_that_has_nothing_else_to_do_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    scene = Scene()
    has_begun = asyncio.Event()

    async def look_for_ever(target):
        has_begun.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(scene.rechecks.run(scene.pages.judge))
        scene.pages.look_again = look_for_ever
        await scene.rechecks.note(TARGET, PAGE, [FACT])
        await has_begun.wait()  # what has not begun by the end is not looked at
        await scene.rechecks.finish()
        running.cancel()
    assert scene.sink.told == ["awaited"]


async def test_there_are_no_more_than_a_few_of_a_scan(monkeypatch):
    monkeypatch.setattr(module, "MAX_RECHECKS", 1)
    scene = Scene()
    async with scene.running() as rechecks:
        await rechecks.note(TARGET, PAGE, [FACT, fact(key=ViolationKey.ADULT)])
    assert scene.sink.told == ["awaited", "not_confirmed"]


GONE = replace(AGAIN, capture=replace(AGAIN.capture, error=FetchError.DNS, status=0))


@pytest.mark.parametrize(
    ("facts", "page", "outcome"), [([FACT], AGAIN, "confirmed"), ([], AGAIN, "not_confirmed"), ([], GONE, "failed")]
)
async def test_a_recheck_is_counted_once_by_its_outcome(facts, page, outcome):
    scene = Scene(now=1_060.0)
    scene.pages.facts[False], scene.pages.plain[URL] = facts, page
    async with scene.running() as rechecks:
        await rechecks.note(TARGET, PAGE, [FACT])
    assert scene.rechecks.ended == {outcome: 1}


async def test_what_an_attempt_that_was_lost_has_refuted_is_counted_by_its_successor():
    scene = Scene(now=1_060.0)
    await scene.look()
    scene.rechecks = scene.make()
    await scene.rechecks.note(TARGET, PAGE, [FACT])
    assert scene.rechecks.ended == {"not_confirmed": 1}


async def test_what_is_left_out_is_counted_with_the_reason(monkeypatch):
    monkeypatch.setattr(module, "MAX_RECHECKS", 2)
    scene = Scene(after_s=600)
    facts = [fact(key=key) for key in (ViolationKey.GAMBLING, ViolationKey.ADULT, ViolationKey.DRUGS)]
    async with scene.running() as rechecks:
        for _ in range(2):  # the same of a second page is no second recheck
            await rechecks.note(TARGET, PAGE, facts)
        await rechecks.note(OTHER, PAGE, [fact(Layer.REPUTATION)])
        await asyncio.sleep(0)
        rechecks.give_up()
        await rechecks.note(OTHER, PAGE, [fact(key=ViolationKey.FRAUD)])
    assert scene.rechecks.ended == {"dropped_listed": 1, "dropped_limit": 1, "dropped_timeout": 2}


async def test_a_scan_with_nothing_to_recheck_counts_nothing():
    scene = Scene(is_first=True)
    await scene.look()
    assert scene.rechecks.ended == {}
