"""Pages as people see them: after the analysis of their text and beside it, so that Chromium delays no violation."""

from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from enum import Enum, auto
from typing import Final

from app.domain.messages import Text
from app.domain.scan_facts import Hop, HopKind
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.capturer import CapturedPage
from app.engines.capture.page_class import classify
from app.engines.capture.page_renderer import Rendered, RenderFailed, RenderSlow
from app.engines.capture.render_limit import RenderLimit
from app.engines.capture.render_service import OpenRenderService, RenderService, render_here
from app.engines.capture.scan_contents import ScanContents
from app.engines.html.page_content import PageContent
from app.engines.identify.classify import UNKNOWN
from app.engines.identify.classify import classify as category_of
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.network_stack import NetworkStack, open_renderer
from app.engines.ports import Unreadable
from app.engines.urls import host_of, is_same_page, request_url

MAX_SCREENSHOTS: Final = 300  # of one scan: half a second each
MAX_OF_VIOLATIONS: Final = 200  # beside them: what violates is often found last
THIN_TEXT: Final = 200  # characters; below this what scripts render is the page
SHELL_TEXT: Final = 60  # below this nobody knows what a page is until it is rendered


class NotRendered(Enum):
    """What became of a page that has no picture."""

    FAILED = auto()  # nor will it ever have one
    SLOW = auto()  # it was not ready in time


class Screenshots:
    """Renders captures. Without anything that renders them there are no pictures, and `problem` says why."""

    def __init__(
        self, *, network: NetworkStack, contents: ScanContents, open_render_service: OpenRenderService = render_here
    ) -> None:
        self._network = network
        self._contents = contents
        self._open_render_service = open_render_service
        self._browser: RenderService | None = None
        self._shown: set[str] = set()  # hosts and pages that have their screenshot or wait for it
        self._wanted = 0  # how many screenshots there are or will be
        # Why there is no browser; None while there is one, and before it was started.
        self.problem: Text | None = None

    @property
    def at_once(self) -> int:
        """How many pages it is worth to render side by side; known once it has started."""
        return 1 if self._browser is None else self._browser.at_once

    def should_render(self, target: CaptureTarget, page: CapturedPage, *, violates: bool = False) -> bool:
        """Whether it gets a screenshot; asked once for each: one per host, of pages that people are led to, and one of
        each page that violates or is kept as evidence.
        """
        if not page.capture.status or not page.capture.html_sha256 or self.problem:
            return False
        shown = target.url if violates or target.evidence else target.host
        limit = MAX_SCREENSHOTS + (MAX_OF_VIOLATIONS if violates else 0)
        if not (target.own or target.leads or violates) or shown in self._shown or self._wanted >= limit:
            return False
        self._shown |= {target.url} if target.evidence else {target.url, target.host}
        self._wanted += 1
        return True

    async def start(self, stack: AsyncExitStack) -> None:
        """Sets `problem` when nothing can be rendered; `stack` closes it."""
        render_service = self._open_render_service(lambda: open_renderer(self._network))
        try:
            self._browser = await stack.enter_async_context(render_service)
        except BrowserUnavailable as error:
            self.problem = error.reason

    async def render(self, page: CapturedPage, *, limit: RenderLimit | None = None) -> CapturedPage | NotRendered:
        """The page with its screenshot, and with what scripts made of it; else what became of it."""
        if self._browser is None:
            return NotRendered.FAILED
        try:
            rendered = await self._browser.render(
                page.capture.final_url, limit=limit, needs_document=_is_thin(page.content)
            )
        except RenderSlow:
            return NotRendered.SLOW
        except RenderFailed:
            return NotRendered.FAILED  # this page only
        except BrowserUnavailable as lost:
            self.problem, self._browser = lost.reason, None
            return NotRendered.FAILED
        shown = await self._with_screenshot(page, rendered)
        with suppress(Unreadable):  # then what scripts made of it says nothing
            shown = await self._with_scripts(shown, rendered)
        return await self._with_look(shown, rendered)

    async def _with_screenshot(self, page: CapturedPage, rendered: Rendered) -> CapturedPage:
        """What cannot be kept is no picture: the page was rendered only for what its scripts say."""
        sha256 = await self._contents.put(rendered.screenshot)
        if not self._contents.is_kept(sha256):
            return page
        return replace(page, capture=replace(page.capture, screenshot_sha256=sha256))

    async def _with_look(self, page: CapturedPage, rendered: Rendered) -> CapturedPage:
        """Pages of well-known services have none, for they all look alike, nor have place-holders and errors."""
        capture = page.capture
        is_content = capture.page_class == "content" and category_of(host_of(capture.final_url)) == UNKNOWN
        if not capture.screenshot_sha256 or not is_content:
            return page
        try:
            look = await self._network.parser.page_look(rendered.screenshot)
        except Unreadable:
            return page
        return page if look is None else replace(page, capture=replace(capture, look=str(look)))

    async def _with_scripts(self, page: CapturedPage, rendered: Rendered) -> CapturedPage:
        """A page that scripts lead away from is captured where they lead; one with next to no text, as rendered."""
        capture = page.capture
        moved = request_url(rendered.final_url) is not None and not is_same_page(rendered.final_url, capture.final_url)
        if not moved and not _is_thin(page.content):
            return page
        html = rendered.html.encode("utf-8", "replace")
        content = await self._network.parser.document(html, charset="utf-8")
        if not moved and len(content.text) <= len(page.content.text):
            return page
        hop = Hop(capture.final_url, capture.status, capture.last_address, HopKind.SCRIPT, rendered.final_url)
        changed = replace(
            capture,
            hops=(*capture.hops, hop) if moved else capture.hops,
            last_status=0 if moved else capture.last_status,
            last_address="" if moved else capture.last_address,
            final_url=rendered.final_url if moved else capture.final_url,
            title=content.title or capture.title,
            charset=content.charset,
            text_sha256=await self._contents.put(content.text.encode("utf-8", "replace")),
            html_sha256=await self._contents.put(html),
            page_class=classify(content, status=capture.status, final_url=rendered.final_url),
            source_sha256=capture.source_sha256 or capture.html_sha256,
            source_charset=capture.source_charset if capture.source_sha256 else capture.charset,
        )
        return CapturedPage(changed, content)


def is_shell(content: PageContent) -> bool:
    """Whether the source says next to nothing: what it shows is known when it is rendered."""
    return len(content.text) < SHELL_TEXT


def _is_thin(content: PageContent) -> bool:
    """Whether what scripts render is the page."""
    return len(content.text) < THIN_TEXT
