"""Pages as people see them: after the verdict on their text, in a lane of its own, so that Chromium delays nobody."""

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

from app.engines.capture.browser import Browser, Rendered, RenderFailed
from app.engines.capture.http import THIN_TEXT
from app.engines.capture.pages import classify
from app.engines.capture.ports import DocumentReader
from app.engines.capture.store import ContentStore
from app.engines.graph.equipment import BrowserUnavailable, Equipment, open_browser
from app.engines.graph.targets import Target
from app.engines.model import Capture, Hop, HopKind
from app.engines.net.redirects import request_url
from app.engines.ports import Unreadable
from app.engines.urls import normalise

MAX_PICTURES: Final = 300  # of one scan: half a second each


class Pictures:
    """Renders captures. Without Chromium nothing is drawn, and `problem` says why."""

    def __init__(self, *, equipment: Equipment, reader: DocumentReader, contents: ContentStore) -> None:
        self._equipment = equipment
        self._reader = reader
        self._contents = contents
        self._browser: Browser | None = None
        self._hosts: set[str] = set()  # that have their picture, or wait for it
        # Why there is no browser; "" while there is one, and before it was started.
        self.problem = ""

    def wants(self, target: Target, capture: Capture) -> bool:
        """One picture per host, of pages that people are led to."""
        if not capture.status or not capture.html_sha256 or self.problem:
            return False
        if not (target.own or target.leads) or target.host in self._hosts or len(self._hosts) >= MAX_PICTURES:
            return False
        self._hosts.add(target.host)
        return True

    async def start(self, stack: AsyncExitStack) -> None:
        """Sets `problem` when Chromium is not to be had; `stack` closes it."""
        try:
            self._browser = await stack.enter_async_context(open_browser(self._equipment))
        except BrowserUnavailable as error:
            self.problem = str(error)

    async def draw(self, capture: Capture) -> Capture | None:
        """The capture with its picture, and with what scripts made of it. None: no picture of this one."""
        if self._browser is None:
            return None
        try:
            rendered = await self._browser.render(capture.final_url)
        except RenderFailed:
            return None  # this page only
        except BrowserUnavailable as lost:
            self.problem, self._browser = str(lost), None
            return None
        drawn = self._with_picture(capture, rendered)
        try:
            return await self._with_scripts(drawn, rendered)
        except Unreadable:
            return drawn  # what scripts made of it says nothing

    def _with_picture(self, capture: Capture, rendered: Rendered) -> Capture:
        """Where there is no room the page is drawn for what its scripts say alone."""
        sha256 = self._contents.put(rendered.screenshot)
        return replace(capture, screenshot_sha256=sha256) if self._contents.room.refusal is None else capture

    async def _with_scripts(self, capture: Capture, rendered: Rendered) -> Capture:
        """A page that scripts lead away from is captured where they lead; one with next to no text, as they draw it."""
        moved = request_url(rendered.final_url) is not None and not _is_same(rendered.final_url, capture.final_url)
        if not moved and len(capture.text) >= THIN_TEXT:
            return capture
        document = await self._reader.document(rendered.html)
        if not moved and len(document.text) <= len(capture.text):
            return capture
        hop = Hop(capture.final_url, capture.status, "", HopKind.SCRIPT, rendered.final_url)
        return replace(
            capture,
            hops=(*capture.hops, hop) if moved else capture.hops,
            final_url=rendered.final_url if moved else capture.final_url,
            title=document.title or capture.title,
            text=document.text,
            text_sha256=self._contents.put(document.text.encode("utf-8", "replace")),
            html_sha256=self._contents.put(rendered.html.encode("utf-8", "replace")),
            page_class=classify(document, status=capture.status, final_url=rendered.final_url),
        )


def _is_same(one: str, other: str) -> bool:
    return normalise(one) == normalise(other)
