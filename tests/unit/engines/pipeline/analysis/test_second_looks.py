"""A page that shows something else than before is captured once more; what could not be counts as seen once."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.inventory import Showing
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture, FetchError
from app.domain.second_looks import SECOND_LOOKS, LookOutcome, second_looks_of
from app.engines.capture.capturer import CapturedPage
from app.engines.model import RecheckConfig
from app.engines.pipeline.analysis import second_looks as module
from app.engines.pipeline.analysis.second_looks import SecondLooks
from tests.support.said import said

LOOK, OTHER_LOOK = "f" * 80 + "0" * 80, "0" * 80 + "f" * 80
URL = "http://corp.test/"
BEFORE = Showing("content", "corp.test", URL, "Pumps", LOOK)
DEFACED = Capture("corp.test", "corp.test", URL, URL, 200, title="Hacked", look=OTHER_LOOK, captured_at=1_000.0)
AS_BEFORE = replace(DEFACED, title="Pumps", look=LOOK)


class Store:
    def __init__(self, *captures):
        self.kept, self.found, self.writes = {}, list(captures), 0

    def captures(self):
        return self.found

    def checkpoint(self, key):
        return self.kept.get(key)

    def put_checkpoint(self, key, value):
        self.kept[key] = dict(value)
        self.writes += 1

    def outcomes(self):
        return {url: one.outcome for url, one in second_looks_of(self.kept.get(SECOND_LOOKS, {})).items()}


class Sink:
    def __init__(self):
        self.lines = []

    async def log(self, entry):
        self.lines.append(entry.message)


class Pages:
    """What pages are the second time: without a browser, and with one."""

    def __init__(self, capture=AS_BEFORE, *, is_rendered=True):
        self.capture, self.is_rendered, self.asked = capture, is_rendered, []
        self.on_look = lambda: None

    async def look_again(self, target):
        self.asked.append((target.url, target.own))
        self.on_look()
        return CapturedPage(replace(self.capture, url=target.url, look=""))

    async def render_again(self, page):
        return CapturedPage(replace(self.capture, url=page.capture.url)) if self.is_rendered else None


def looks(store, pages, *, shown=None, after_s=0.01, now=1_000.0, sink=None):
    shown = {URL: BEFORE} if shown is None else shown
    return SecondLooks(
        config=RecheckConfig(known=frozenset(), after_s=after_s, shown=shown),
        captures=pages,
        store=store,
        sink=sink or Sink(),
        texts=MessageCatalog("en"),
        is_own=lambda host: host == "corp.test",
        now=lambda: now,
    )


@pytest.mark.parametrize(
    ("pages", "outcome"),
    [
        (Pages(), LookOutcome.AS_BEFORE),
        (Pages(DEFACED), LookOutcome.CONFIRMED),
        (Pages(is_rendered=False), LookOutcome.FAILED),
        (Pages(replace(AS_BEFORE, status=503, page_class="error")), LookOutcome.FAILED),
        (Pages(replace(AS_BEFORE, error=FetchError.TIMEOUT)), LookOutcome.FAILED),
    ],
)
async def test_a_page_that_differs_is_captured_once_more(pages, outcome):
    store, sink = Store(DEFACED), Sink()
    one = looks(store, pages, sink=sink)
    await one.run()
    assert store.outcomes() == {URL: outcome}
    assert (pages.asked, one.awaited) == ([(URL, True)], 0)
    assert sink.lines == [said(f"second_look_{outcome}", url=URL)]


@pytest.mark.parametrize(
    "capture",
    [AS_BEFORE, replace(DEFACED, url="http://corp.test/other"), replace(DEFACED, error=FetchError.TIMEOUT)],
)
async def test_what_is_as_before_or_was_not_known_is_not_captured_again(capture):
    pages = Pages()
    await looks(Store(capture), pages).run()
    assert pages.asked == []


async def test_a_first_scan_looks_at_nothing_again():
    pages, store = Pages(), Store(DEFACED)
    one = looks(store, pages)
    one._config = None
    await one.run()
    assert (pages.asked, store.kept) == ([], {})


async def test_it_waits_until_the_capture_is_old_enough():
    """The clock of this test stands 30 s after the capture: half of the pause is left, and nobody is asked before."""
    pages = Pages()
    one = looks(Store(DEFACED), pages, after_s=60.0, now=1_030.0)
    task = asyncio.create_task(one.run())
    for _ in range(5):
        await asyncio.sleep(0)
    assert (pages.asked, one.awaited) == ([], 1)
    one.give_up()
    async with asyncio.timeout(20):
        await task


async def test_when_the_time_is_over_what_waits_counts_as_seen_once():
    pages, store = Pages(), Store(DEFACED)
    one = looks(store, pages, after_s=600.0)
    one.give_up()
    await one.run()
    assert (pages.asked, store.outcomes()) == ([], {URL: LookOutcome.FAILED})


async def test_too_many_count_as_seen_once(monkeypatch):
    monkeypatch.setattr(module, "MAX_LOOKS", 2)
    urls = [f"{URL}{number}" for number in range(4)]
    store = Store(*(replace(DEFACED, url=url) for url in urls))
    await looks(store, Pages(), shown={url: replace(BEFORE, url=url) for url in urls}).run()
    assert list(store.outcomes().values()).count(LookOutcome.FAILED) == 2
    assert len(store.outcomes()) == 4


async def test_thousands_that_changed_are_noted_with_one_write(monkeypatch):
    """Each write has all that is known: one for each of them would take a scan's process many seconds."""
    monkeypatch.setattr(module, "MAX_LOOKS", 1)
    urls = [f"{URL}{number}" for number in range(1_000)]
    store = Store(*(replace(DEFACED, url=url) for url in urls))
    await looks(store, Pages(), shown={url: replace(BEFORE, url=url) for url in urls}).run()
    assert (len(store.outcomes()), store.writes) == (1_000, 2)


async def test_a_page_that_never_answers_holds_no_scan(monkeypatch):
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    pages, store = Pages(), Store(DEFACED)

    async def never(_target):
        await asyncio.Event().wait()

    pages.look_again = never
    async with asyncio.timeout(20):
        await looks(store, pages).run()
    assert store.outcomes() == {URL: LookOutcome.FAILED}


async def test_a_scan_that_goes_on_looks_at_the_others_only():
    store, pages = Store(DEFACED), Pages()
    await looks(store, pages).run()
    await looks(store, pages).run()
    assert len(pages.asked) == 1
