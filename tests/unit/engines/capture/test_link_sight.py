"""What is asked of a browser about links, and what is believed of its answer. The script runs among the system's."""

import asyncio
import json

import pytest
from playwright.async_api import Error

from app.engines.capture.link_sight import (
    LIMITS,
    MAX_LINKS,
    MAX_URL,
    LinkSight,
    LookLimits,
    expression,
    look_at_links,
    sights_of,
)

URL = "https://a.test/"
IMPATIENT = LookLimits(patience_s=0.01)


class Session:
    """Answers as Chromium does, or as it is told."""

    def __init__(self, value, failure=None):
        self.value, self.failure, self.sent, self.is_detached = value, failure, [], False

    async def send(self, method, params=None):
        self.sent.append((method, params))
        if method == "Page.getFrameTree":
            return {"frameTree": {"frame": {"id": "main"}}}
        if method == "Page.createIsolatedWorld":
            return {"executionContextId": 7}
        if self.failure is not None:
            raise self.failure
        return {"result": {"value": self.value}}

    async def detach(self):
        self.is_detached = True


class Page:
    """Both the page and its context."""

    url = "https://www.corp.test/"

    def __init__(self, session):
        self.session = session

    async def new_cdp_session(self, page):
        assert page is self
        return self.session


async def looked(value, failure=None):
    session = Session(value, failure)
    page = Page(session)
    return session, await look_at_links(page, page)


async def test_the_script_runs_in_a_world_of_its_own_for_so_long():
    session, found = await looked([[URL, "covered", True], ["https://b.test/", "", False]])
    assert found == (LinkSight(URL, "covered", is_sure=True), LinkSight("https://b.test/", "", is_sure=False))
    asked = dict(session.sent)
    assert asked["Page.createIsolatedWorld"]["frameId"] == "main"
    assert asked["Runtime.evaluate"]["contextId"] == 7
    assert asked["Runtime.evaluate"]["timeout"] == LIMITS.ended_after_ms <= 1_000
    assert asked["Runtime.evaluate"]["expression"].endswith('"own":"corp.test"})')
    assert session.is_detached


@pytest.mark.parametrize("failure", [Error("Target crashed"), TimeoutError()])
async def test_a_browser_that_does_not_answer_has_seen_nothing(failure):
    session, found = await looked(None, failure)
    assert found == ()
    assert session.is_detached


async def test_a_browser_that_keeps_silent_is_not_waited_for():
    session = Session(None)
    session.send = lambda *_: asyncio.Event().wait()
    page = Page(session)
    assert await look_at_links(page, page, limits=IMPATIENT) == ()


async def test_a_browser_that_does_not_even_let_go_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("app.engines.capture.link_sight.DETACH_S", 0.01)
    session = Session(None)
    session.send = lambda *_: asyncio.Event().wait()
    session.detach = asyncio.Event().wait
    page = Page(session)
    ended, _ = await asyncio.wait({asyncio.create_task(look_at_links(page, page, limits=IMPATIENT))}, timeout=10)
    assert [task.result() for task in ended] == [()]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "x",
        {"0": [URL, "", True]},
        [None, 3, [], [URL], [URL, "covered"], [URL, "covered", 1], [URL, "a kind of mine", True]],
        [[1, "", True], ["javascript:x", "", True], [URL + "x" * MAX_URL, "", True], ["https://\x00/", "", True]],
    ],
)
def test_what_is_not_sound_is_left_out(answer):
    assert sights_of(answer) == ()


def test_an_answer_is_as_long_as_was_asked_for():
    assert len(sights_of([[URL, "", True]] * (MAX_LINKS + 9))) == MAX_LINKS


def test_the_script_gets_its_limits_as_data():
    said = expression('"});alert(1)', look_ms=5)
    limits = json.loads(said[said.rindex("})({") + 3 : -1])
    assert limits == {"maxLinks": MAX_LINKS, "maxMs": 5, "maxUrl": MAX_URL, "own": '"});alert(1)'}
