"""Progress grows with what is done, stays below the end of a stage, and is told when it is news."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Counts
from app.domain.stages import STAGES, StageKey
from app.engines.pipeline.progress import (
    NOT_YET,
    ProgressReporter,
    estimate_crawl,
    estimate_following,
    say_awaited,
    say_doing,
)
from app.engines.pipeline.stage_tracker import StageTracker
from tests.support.said import said

KEYS = [spec.key for spec in STAGES]
NOTHING = {
    "discovery": 0.0,
    "crawl_doing": None,
    "captures": (0, 0),
    "render_steps": (0, 0),
    "pictures": (0, 0),
    "awaited": None,
    "analyses": (0, 0),
}


class Sink:
    def __init__(self):
        self.told = []

    async def stage(self, key, status, *, duration_ms=None): ...

    async def progress(self, key, fraction, message, counts):
        self.told.append((key, fraction, message))


def reporter_and_tracker(sink):
    tracker = StageTracker(sink=sink, monotonic=lambda: 0.0)
    return ProgressReporter(sink=sink, stages=tracker, texts=MessageCatalog("en")), tracker


async def test_only_news_are_told_and_nothing_of_a_stage_that_is_through():
    sink = Sink()
    reporter, tracker = reporter_and_tracker(sink)
    for crawled in (10, 10, 20):
        await reporter.report(Counts(urls_known=70, urls_crawled=crawled), **NOTHING)
    await tracker.finish(StageKey.PAGE_CRAWL)
    await reporter.report(Counts(urls_known=70, urls_crawled=30), **NOTHING)
    crawl = [message for key, _, message in sink.told if key is StageKey.PAGE_CRAWL]
    assert crawl == [said("crawling", urls_crawled=crawled, urls_known=70, pages=0) for crawled in (10, 20)]
    assert len([key for key, _, _ in sink.told if key is StageKey.CONTENT_CAPTURE]) == 1


async def test_stages_that_follow_the_crawl_are_as_far_as_it_is_and_no_further():
    sink = Sink()
    reporter, tracker = reporter_and_tracker(sink)
    counts = Counts(urls_known=70, urls_crawled=50, violations=3)
    await reporter.report(
        counts,
        discovery=1.0,
        crawl_doing=None,
        captures=(1, 2),
        render_steps=(1, 2),
        pictures=(0, 9),
        awaited=said("rechecking", count=1),
        analyses=(2, 2),
    )
    told = {key: (fraction, message) for key, fraction, message in sink.told}
    assert list(told) == KEYS
    crawl = told[StageKey.PAGE_CRAWL][0]
    assert told[StageKey.THIRD_PARTY][0] == crawl
    assert told[StageKey.CONTENT_CAPTURE] == (crawl / 2, said("drawing", done=1, total=2, drawn=0, to_draw=9))
    assert told[StageKey.AI_ANALYSIS] == (crawl, said("analysing", done=2, total=2, violations=3))
    await tracker.finish(StageKey.PAGE_CRAWL)
    await reporter.report(
        counts,
        discovery=1.0,
        crawl_doing=None,
        captures=(1, 2),
        render_steps=(1, 2),
        pictures=(0, 9),
        awaited=None,
        analyses=(2, 2),
    )
    assert sink.told[-2:] == [
        (StageKey.CONTENT_CAPTURE, 0.5, said("drawing", done=1, total=2, drawn=0, to_draw=9)),
        (StageKey.AI_ANALYSIS, NOT_YET, said("analysing", done=2, total=2, violations=3)),
    ]


async def test_a_scan_that_has_captured_everything_says_what_it_waits_for():
    sink = Sink()
    reporter, _ = reporter_and_tracker(sink)
    waits = said("rechecking", count=2)
    for captured in (1, 2):
        await reporter.report(Counts(), **{**NOTHING, "captures": (captured, 2), "awaited": waits})
    captures = [message for key, _, message in sink.told if key is StageKey.CONTENT_CAPTURE]
    assert captures == [said("capturing", done=1, total=2), waits]


async def test_a_crawl_that_does_something_else_says_what():
    sink = Sink()
    reporter, _ = reporter_and_tracker(sink)
    waits, compares = said("crawl_waits_for_drawings", count=3), said("comparing", done=2, total=5)
    for doing in (None, waits, waits, None, compares):
        await reporter.report(Counts(), **{**NOTHING, "crawl_doing": doing})
    nothing_yet = said("crawling", urls_crawled=0, urls_known=0, pages=0)
    assert [message for key, _, message in sink.told if key is StageKey.PAGE_CRAWL] == [
        nothing_yet,
        waits,
        nothing_yet,
        compares,
    ]


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1))
def test_fractions_stay_below_the_end(done, more, leading):
    assert 0 <= estimate_crawl(done, done + more, leading) <= NOT_YET
    assert 0 <= estimate_following(done, done + more, leading) <= NOT_YET


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, None),
        ({"is_idle": True}, None),
        ({"to_render": 2}, None),
        ({"is_idle": True, "to_render": 2}, "All pages crawled; waiting for the browser to render 2 pages"),
        (
            {"is_idle": True, "to_render": 2, "are_hosts_settled": False},
            "All 9 URLs known so far have been crawled; waiting for the host search to finish",
        ),
        ({"is_idle": True, "comparison": (2, 5)}, "All pages crawled; 2 of 5 compared as seen by other visitors"),
    ],
)
def test_what_a_crawl_waits_for_is_said_while_it_has_nothing_else_to_do(state, said):
    usual = {"comparison": (0, 0), "is_idle": False, "are_hosts_settled": True, "crawled": 9, "to_render": 0}
    assert say_doing(MessageCatalog("en"), **{**usual, **state}) == said


@pytest.mark.parametrize(
    ("state", "key"),
    [
        ({}, None),
        ({"registries": 2, "icons": 2, "rechecks": 2}, "awaiting_registries"),
        ({"icons": 2, "rechecks": 2}, "awaiting_icons"),
        ({"rechecks": 2, "second_looks": 2}, "rechecking"),
        ({"second_looks": 2}, "looking_again"),
    ],
)
def test_what_a_scan_waits_for_at_its_end_is_said_in_the_order_of_the_waits(state, key):
    awaited = say_awaited(
        MessageCatalog("en"), **{"registries": 0, "icons": 0, "rechecks": 0, "second_looks": 0, **state}
    )
    assert awaited == (None if key is None else said(key, count=2))
