"""What is asked of a rendered page, over a fake of the protocol. The real Chromium has its tests among the system's."""

import asyncio

import pytest
from playwright.async_api import Error

from app.engines.capture.page_source import MAX_FRAMES, MAX_HTML, MAX_TITLE, read_nameless_frames, read_source


class Frame:
    def __init__(self, url, html="", children=(), *, is_apart=False):
        self.url, self.html, self.children, self.is_apart = url, html, children, is_apart


class Session:
    def __init__(self, root):
        self.root = root
        self.frames = []
        self.asked = []

    def tree(self, frame):
        self.frames.append(frame)
        own = {"frame": {"id": str(len(self.frames) - 1), "url": frame.url}}
        return {**own, "childFrames": [self.tree(child) for child in frame.children if not child.is_apart]}

    async def send(self, method, params=None):
        self.asked.append((method, params))
        match method:
            case "Page.getFrameTree":
                return {"frameTree": self.tree(self.root)}
            case "Page.createIsolatedWorld":
                return {"executionContextId": int(params["frameId"])}
        html = self.frames[params["contextId"]].html
        if isinstance(html, Exception):
            raise html
        most = int(params["expression"].rpartition(", ")[2].rstrip(")"))
        return {"result": {"value": html if isinstance(html, list) else ["t", html[:most], len(html) > most]}}

    async def detach(self):
        await asyncio.Event().wait()  # as of a page whose process is gone


class Page(Frame):
    """The page and its context in one."""

    def __init__(self, html="", children=()):
        super().__init__("http://a.test/", html, children)
        self.sessions = []

    @property
    def frames(self):
        return [self, *self._all(self)]

    def _all(self, frame):
        return [one for child in frame.children for one in (child, *self._all(child))]

    async def new_cdp_session(self, holder):
        if holder is not self and not holder.is_apart:
            raise Error("This frame does not have a separate CDP session")
        self.sessions.append(Session(holder))
        return self.sessions[-1]


async def frames_of(*children, room=1_000):
    page = Page("<p>", children)
    found = await read_nameless_frames(page, page, room)
    return list(found)


async def test_title_and_document_are_asked_in_a_world_of_our_own_and_cut_there():
    page = Page("<p>x")
    source = await read_source(page, page)
    assert (source.title, source.html, source.is_cut) == ("t", "<p>x", False)
    (session,) = page.sessions
    asked = dict(session.asked)
    assert asked["Page.createIsolatedWorld"]["frameId"] == "0"
    assert asked["Runtime.evaluate"]["expression"].endswith(f"({MAX_TITLE}, {MAX_HTML})")
    assert asked["Runtime.evaluate"]["returnByValue"] is True


@pytest.mark.parametrize("answer", [Error("Target crashed"), [], ["t", "x"], ["t", 3, False], [None, "x", True]])
async def test_what_is_no_answer_is_an_error(answer):
    page = Page(answer)
    with pytest.raises(Error):
        await read_source(page, page)


async def test_who_does_not_wait_for_a_page_that_is_gone_any_longer_ends_at_once(monkeypatch):
    async def silent(self, method, params=None):
        await asyncio.Event().wait()

    monkeypatch.setattr(Session, "send", silent)
    page = Page("<p>", [Frame("about:blank", "<p>")])
    for reading in (read_source(page, page), read_nameless_frames(page, page, 9)):
        task = asyncio.create_task(reading)
        while not page.sessions:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        task.cancel()
        ended, _ = await asyncio.wait({task}, timeout=10)
        assert ended == {task}
        page.sessions.clear()


async def test_frames_without_an_address_are_read_wherever_they_are():
    inner = Frame("about:srcdoc", "<p>inner")
    assert await frames_of(
        Frame("about:blank", "<p>one", [inner]),
        Frame("http://b.test/", "<p>foreign", [Frame("about:blank", "<p>of a foreign one")]),
        Frame("about:srcdoc", "<p>apart", [Frame("about:blank", "<p>below")], is_apart=True),
    ) == ["<p>one", "<p>inner", "<p>of a foreign one", "<p>apart", "<p>below"]


async def test_frames_that_are_gone_or_do_not_fit_are_left_out():
    assert await frames_of(
        Frame("about:blank", Error("gone")),
        Frame("about:blank", "x" * 900),
        Frame("about:blank", "y" * 200),
        Frame("about:blank", "z" * 100),
    ) == ["x" * 900, "z" * 100]


async def test_no_more_frames_are_read_than_a_page_has_reason_for():
    assert len(await frames_of(*[Frame("about:blank", "x")] * 30)) == MAX_FRAMES
    apart = [Frame("about:blank", "x", is_apart=True) for _ in range(30)]
    assert len(await frames_of(*apart)) == MAX_FRAMES
