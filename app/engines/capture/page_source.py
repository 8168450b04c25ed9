"""Title and document of a rendered page, cut to size in the page: a hostile one is never transferred whole.

Asked in a world of its own, so no script of the page has changed what is called here; and of the prototypes, because
elements may stand in the place of a document's properties (`<img name=title>`). Sessions are left to end with the
page's context: a page whose process is gone answers nothing, not even that.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.engines.urls import request_url

if TYPE_CHECKING:  # Playwright takes a tenth of a second to import; most processes never render
    from playwright.async_api import BrowserContext, CDPSession, Frame, Page

MAX_HTML: Final = 5 * 1024 * 1024  # characters
MAX_TITLE: Final = 1_000  # characters
MAX_FRAMES: Final = 20  # of a page, that have no address of their own and so are part of it
_WORLD: Final = "compliance-source"
_ASKED: Final = """((maxTitle, maxHtml) => {
  const got = (type, name) => Object.getOwnPropertyDescriptor(type.prototype, name).get.call(document);
  const root = got(Document, "documentElement"), type = got(Document, "doctype");
  const outer = Object.getOwnPropertyDescriptor(Element.prototype, "outerHTML").get;
  const before = type ? new XMLSerializer().serializeToString(type).slice(0, maxHtml) : "";
  const html = before + (root ? outer.call(root) : "");
  return [got(Document, "title").slice(0, maxTitle), html.slice(0, maxHtml), html.length > maxHtml];
})"""


@dataclass(frozen=True, slots=True)
class PageSource:
    """What a document says."""

    title: str  # at most MAX_TITLE characters
    html: str  # serialised DOM, at most as many characters as were asked for
    is_cut: bool  # it is longer


async def read_source(context: "BrowserContext", page: "Page") -> PageSource:
    """Return that of the page itself. Raises Playwright's errors."""
    session = await context.new_cdp_session(page)
    tree = await session.send("Page.getFrameTree")
    return await _read(session, tree["frameTree"]["frame"]["id"], MAX_HTML)


async def read_nameless_frames(context: "BrowserContext", page: "Page", room: int) -> tuple[str, ...]:
    """Return the DOM of frames whose content came with the page, or was written by its scripts.

    `room`: characters of all of them together; what does not fit is left out. Frames that go away meanwhile are, too.
    """
    from playwright.async_api import Error

    found: list[str] = []
    # A frame is part of the page's process, or has one, and a session, of its own.
    holders: list[Page | Frame] = [page, *(frame for frame in page.frames[1:] if request_url(frame.url) is None)]
    for holder in holders:
        if len(found) >= MAX_FRAMES:
            break
        with suppress(Error):
            session = await context.new_cdp_session(holder)
            left = room - sum(map(len, found))
            found += await _read_frames(session, MAX_FRAMES - len(found), left, holder is page)
    return tuple(found)


async def _read_frames(session: "CDPSession", most: int, room: int, is_page: bool) -> list[str]:
    from playwright.async_api import Error

    tree = (await session.send("Page.getFrameTree"))["frameTree"]
    ids = [str(frame["id"]) for frame in _nameless(tree) if not (is_page and frame is tree["frame"])]
    found: list[str] = []
    for frame_id in ids[:most]:
        with suppress(Error):
            source = await _read(session, frame_id, room)
            if not source.is_cut:
                found.append(source.html)
                room -= len(source.html)
    return found


def _nameless(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the frames of a tree that have no address of their own, outer ones first."""
    if request_url(str(tree["frame"].get("url", ""))) is None:
        yield tree["frame"]
    for child in tree.get("childFrames", ()):
        yield from _nameless(child)


async def _read(session: "CDPSession", frame_id: str, max_html: int) -> PageSource:
    world = await session.send("Page.createIsolatedWorld", {"frameId": frame_id, "worldName": _WORLD})
    answer = await session.send(
        "Runtime.evaluate",
        {
            "expression": f"{_ASKED}({MAX_TITLE}, {max(0, max_html)})",
            "contextId": world["executionContextId"],
            "returnByValue": True,
        },
    )
    match answer.get("result", {}).get("value"):
        case [str(title), str(html), bool(is_cut)]:
            return PageSource(title, html, is_cut)
    from playwright.async_api import Error

    raise Error("the page does not say what it shows")  # a string that is longer than there can be
