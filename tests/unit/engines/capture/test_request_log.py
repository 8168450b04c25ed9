"""What Playwright and Chromium's tools say of a page, played; the real ones are among the system's tests."""

import asyncio
import json
from itertools import pairwise

import pytest
from playwright.async_api import Error

from app.engines.capture.loaded_request import MAX_INITIATORS
from app.engines.capture.request_log import MAX_PROCESSES, MAX_URL, RequestLog

PAGE = "https://corp.test/"
TAG = "https://tags.test/t.js"


class FakeFrame:
    def __init__(self, url, parent=None):
        self.url, self.parent_frame = url, parent


class FakeRequest:
    def __init__(self, url, kind="script", *, frame, is_document=False, before=None):
        self.url, self.resource_type, self._frame, self._is_document = url, kind, frame, is_document
        self.redirected_from = before

    @property
    def frame(self):
        if self._frame is None:
            raise Error("Frame for this navigation request is not available")
        return self._frame

    def is_navigation_request(self):
        return self._is_document


class FakeSession:
    """Notes what is said to Chromium, and says what the test says."""

    def __init__(self, gone=()):
        self.said, self.listeners, self.gone = [], {}, gone

    def on(self, event, listener):
        self.listeners[event] = listener

    async def send(self, method, params):
        self.said.append((method, params))
        if method in self.gone:
            raise Error("Target closed")

    def says(self, event, **params):
        self.listeners[event](params)


class FakeTab:
    """Page and context in one."""

    def __init__(self, session):
        self.session, self.listeners = session, {}
        self.main = FakeFrame(PAGE)

    def on(self, event, listener):
        self.listeners[event] = listener

    async def new_cdp_session(self, page):
        assert page is self
        return self.session

    def asks(self, url, kind="script", **more):
        request = FakeRequest(url, kind, **{"frame": self.main, **more})
        self.listeners["request"](request)
        return request


@pytest.fixture
async def attached():
    """Makes a log with the tab and the session that it listens to; the page itself was asked for."""
    logs = []

    async def attach(*, gone=(), **limits):
        session = FakeSession(gone)
        tab, log = FakeTab(session), RequestLog(PAGE, **limits)
        await log.attach(tab, tab)
        tab.asks(PAGE, "document", is_document=True)
        logs.append(log)
        return log, tab, session

    yield attach
    for log in logs:
        await log.close()


def made(url, *calls, kind="Script", parent=(), **initiator):
    stack = {
        "callFrames": [{"url": call} for call in calls],
        "parent": {"callFrames": [{"url": url} for url in parent]},
    }
    return {"request": {"url": url}, "type": kind, "initiator": {"stack": stack, **initiator}}


async def test_the_page_and_what_forwards_to_it_are_not_loaded_by_it():
    session = FakeSession()
    tab, log = FakeTab(session), RequestLog("http://corp.test/")
    await log.attach(tab, tab)
    first = tab.asks("http://corp.test/", is_document=True)
    tab.asks(PAGE, is_document=True, before=first)
    tab.asks(TAG)
    (one,) = log.requests()
    assert (one.url, one.kind, one.initiators) == (TAG, "script", ("http://corp.test/",))


async def test_the_chain_goes_from_who_asked_to_the_page(attached):
    log, tab, session = await attached()
    pixel, second = "https://pixel.test/p.gif", "https://tags.test/second.js"
    tab.asks(TAG)
    tab.asks(second)
    tab.asks(pixel, "image")
    session.says("Network.requestWillBeSent", **made(second, TAG))
    session.says("Network.requestWillBeSent", **made(pixel, "", parent=[second, PAGE]))
    chains = {one.url: one.initiators for one in log.requests()}
    assert chains[pixel] == (second, TAG, PAGE)
    assert chains[TAG] == (PAGE,)


async def test_a_script_cannot_have_somebody_else_named_who_was_never_asked(attached):
    """By `//# sourceURL=`, which Chromium's tools give as the address of the script."""
    log, tab, session = await attached()
    tab.asks(TAG)
    session.says("Network.requestWillBeSent", **made(TAG, "https://innocent.test/x.js", PAGE))
    assert [one.initiators for one in log.requests()] == [(PAGE,)]


async def test_what_forwards_has_the_next_one_asked(attached):
    log, tab, session = await attached()
    before = tab.asks(TAG)
    tab.asks("https://mirror.test/t.js", before=before)
    session.says(
        "Network.requestWillBeSent",
        **made("https://cdn.test/t.js", PAGE),
        redirectResponse={"url": "https://mirror.test/t.js"},
    )
    chains = {one.url: one.initiators for one in log.requests()}
    assert chains["https://mirror.test/t.js"] == (TAG, PAGE)
    assert chains["https://cdn.test/t.js"] == ("https://mirror.test/t.js", TAG, PAGE)


async def test_without_a_word_of_the_tools_the_frame_has_asked(attached):
    log, tab, _ = await attached()
    outer = FakeFrame("https://ads.test/frame", tab.main)
    nameless = FakeFrame("about:srcdoc", outer)
    tab.asks("https://ads.test/frame", "document", frame=outer, is_document=True)
    tab.asks("https://ads.test/a.js", frame=outer)
    tab.asks("https://deep.test/b.js", frame=nameless)
    tab.asks("https://early.test/c.js", frame=None)
    assert [(one.kind, one.initiators) for one in log.requests()] == [
        ("frame", (PAGE,)),
        ("script", ("https://ads.test/frame", PAGE)),
        ("script", ("https://ads.test/frame", PAGE)),
        ("script", (PAGE,)),
    ]


async def test_the_window_that_is_sent_elsewhere_is_told_from_frames(attached):
    log, tab, _ = await attached()
    tab.asks("https://away.test/", "document", is_document=True)
    assert [(one.url, one.kind) for one in log.requests()] == [("https://away.test/", "page")]


async def test_workers_and_frames_of_other_processes_are_listened_to_and_their_workers_too(attached):
    log, _, session = await attached()
    session.says("Target.attachedToTarget", sessionId="w")
    message = {"method": "Target.attachedToTarget", "params": {"sessionId": "n"}}
    session.says("Target.receivedMessageFromTarget", sessionId="w", message=json.dumps(message))
    worker, inner = "https://corp.test/worker.js", "https://api.test/x"
    for url, maker, at in ((worker, PAGE, "w"), (inner, worker, "n")):
        event = {"method": "Network.requestWillBeSent", "params": made(url, maker, kind="Fetch")}
        if at == "n":
            event = {
                "method": "Target.receivedMessageFromTarget",
                "params": {"sessionId": "n", "message": json.dumps(event)},
            }
        session.says("Target.receivedMessageFromTarget", sessionId="w", message=json.dumps(event))
    await asyncio.sleep(0)
    said = [json.loads(params["message"]) for method, params in session.said if method == "Target.sendMessageToTarget"]
    assert [one["method"] for one in said if one["method"].startswith("Network")] == ["Network.enable"]
    nested = [
        json.loads(one["params"]["message"])["method"] for one in said if one["method"] == "Target.sendMessageToTarget"
    ]
    assert nested[0] == "Network.enable"
    assert {one.url: one.initiators for one in log.requests()}[inner] == (worker, PAGE)


async def test_answers_to_our_words_and_other_events_say_nothing(attached):
    log, _, session = await attached()
    session.says("Target.attachedToTarget", sessionId="w")
    for message in ({"id": 1, "result": {}}, {"method": "Network.loadingFailed", "params": {}}):
        session.says("Target.receivedMessageFromTarget", sessionId="w", message=json.dumps(message))
    session.says("Target.receivedMessageFromTarget", sessionId="other", message=json.dumps({"method": "Network.x"}))
    assert log.requests() == ()


async def test_a_socket_is_a_request_and_what_reaches_no_host_is_none(attached):
    log, tab, session = await attached()
    session.says("Network.webSocketCreated", url="wss://live.test/feed", initiator={"url": PAGE})
    tab.listeners["websocket"](FakeFrame("wss://live.test/feed"))
    for url in ("data:text/plain,x", "blob:https://corp.test/1", "about:blank", "chrome-extension://x/y"):
        tab.asks(url)
    assert [(one.url, one.kind, one.web_url) for one in log.requests()] == [
        ("wss://live.test/feed", "websocket", "https://live.test/feed")
    ]


async def test_a_page_that_asks_for_too_much_gets_nothing_more(attached):
    log, tab, session = await attached(max_requests=3)
    session.says("Target.attachedToTarget", sessionId="w")
    for number in range(9):
        tab.asks(f"https://h{number}.test/")
    await asyncio.sleep(0)
    assert (len(log.requests()), log.is_cut) == (2, True)  # the page itself is one
    assert [method for method, _ in session.said].count("Network.setBlockedURLs") == 1
    assert "Page.stopLoading" in [method for method, _ in session.said]
    assert any("setBlockedURLs" in params.get("message", "") for _, params in session.said)


async def test_bytes_have_a_bound_too(attached):
    log, _, session = await attached(max_bytes=100)
    session.says("Network.dataReceived", dataLength=100)
    assert not log.is_cut
    session.says("Network.dataReceived", dataLength=1)
    assert log.is_cut


async def test_a_target_that_is_gone_is_no_trouble(attached):
    log, _, session = await attached(gone=("Target.sendMessageToTarget",))
    for number in range(MAX_PROCESSES + 5):
        session.says("Target.attachedToTarget", sessionId=str(number))
    await asyncio.sleep(0)
    assert (
        len({params["sessionId"] for method, params in session.said if method.startswith("Target.send")})
        == MAX_PROCESSES
    )
    await log.close()


async def test_chains_and_addresses_are_bounded_and_circles_end(attached):
    log, tab, session = await attached()
    urls = [f"https://h{number}.test/" for number in range(30)]
    for maker, url in pairwise(urls):
        tab.asks(url)
        session.says("Network.requestWillBeSent", **made(url, maker))
    session.says("Network.requestWillBeSent", **made(urls[0], urls[2]))
    tab.asks(f"https://long.test/{'x' * 9_999}")
    chains = {one.url: one.initiators for one in log.requests()}
    assert len(chains[urls[-1]]) == MAX_INITIATORS
    assert chains[urls[2]][-1] == PAGE
    assert max(map(len, chains)) == MAX_URL
