"""Stage 4 of the pipeline: pages are captured as soon as they are found, and rendered when there is a browser."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from app.domain.messages import MessageCatalog, Text
from app.domain.scan_facts import Capture, FetchError
from app.engines.capture.capturer import CapturedPage, Capturer
from app.engines.capture.render_service import OpenRenderService, render_here
from app.engines.capture.scan_contents import ScanContents
from app.engines.pipeline.capture.renderings import OnRendered, Renderings, do_nothing
from app.engines.pipeline.capture.screenshots import Screenshots
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.network_stack import NetworkStack
from app.engines.pipeline.time_budget import TimeBudget
from app.engines.pipeline.work_queue import WorkQueue

WORKERS: Final = 8  # captures at once; per address the politeness decides
MAX_AGAIN: Final = 100  # pages of a scan that are tried again; each may take `capturer.FETCH_TIMEOUT_S` once more
PAUSE_S: Final = 2.0  # at least, between a failure and the second try
# Where there is other work for so long, the second try need not wait for its end and hold that up by its time-out.
EARLY_S: Final = 5.0
# What passes by itself at times. What the name, the certificate or our own policy says does not.
_PASSING: Final = frozenset(
    {
        FetchError.CONNECT,
        FetchError.TIMEOUT,
        FetchError.TOO_SLOW,
        FetchError.DNS,
        FetchError.DNS_UNREACHABLE,
        FetchError.PROTOCOL,
    }
)

OnCapture = Callable[[CaptureTarget, CapturedPage], Awaitable[None]]
OnSettled = Callable[[], Awaitable[None]]


class CaptureStage:
    """What waits is bounded by the `CaptureSelector` that chose it. `run` once, `add` at any time."""

    def __init__(
        self,
        *,
        network: NetworkStack,
        contents: ScanContents,
        screenshots: bool,
        on_capture: OnCapture,
        on_rendered: OnRendered,
        on_problem: Callable[[Text], Awaitable[None]],
        budget: TimeBudget,
        open_render_service: OpenRenderService = render_here,
        hurry_browser: Callable[[], None] = do_nothing,
    ) -> None:
        """`on_rendered`, `on_problem` and `hurry_browser`: see `Renderings`."""
        self._capturer = Capturer(
            fetcher=network.fetcher(),
            resolver=network.resolver,
            policy=network.policy,
            config=network.config,
            contents=contents,
            parser=network.parser,
        )
        self._on_capture = on_capture
        self._evidence_done = 0
        self._failed: dict[CaptureTarget, float] = {}  # to be tried again, with the time of the failure
        self._tried_again: set[CaptureTarget] = set()
        self._pages: WorkQueue[CaptureTarget] = WorkQueue()
        self._renderings: Renderings | None = None
        if screenshots:
            taken = Screenshots(network=network, contents=contents, open_render_service=open_render_service)
            self._renderings = Renderings(
                screenshots=taken,
                on_rendered=on_rendered,
                on_problem=on_problem,
                budget=budget,
                hurry_browser=hurry_browser,
            )

    @property
    def captured(self) -> int:
        """Pages that are through, those of earlier attempts included."""
        return self._pages.done

    @property
    def known(self) -> int:
        """Pages that are, or are to be, captured."""
        return self._pages.total

    @property
    def pictures(self) -> tuple[int, int]:
        """(pages that have their screenshot, pages that were to have one)."""
        return (0, 0) if self._renderings is None else self._renderings.pictures

    @property
    def render_steps(self) -> tuple[int, int]:
        """(done, in all) of what there is to render; see `Renderings.steps`."""
        return (0, 0) if self._renderings is None else self._renderings.steps

    @property
    def to_analyse(self) -> int:
        """Pages that are, or are to be, captured for more than their source."""
        return self.known - self._evidence_done - sum(target.evidence for target in self._pages.unfinished())

    @property
    def left_out(self) -> int:
        """Pages that the time limit left out."""
        return self._pages.left_out

    @property
    def pictures_missing(self) -> tuple[int, int]:
        """(pages that came too late for a picture, those of them that violate or refer to what does)."""
        return (0, 0) if self._renderings is None else (self._renderings.missing, self._renderings.missing_violating)

    @property
    def is_own_settled(self) -> bool:
        """No start page of the site itself waits or is under way: no certificate names a further host."""
        return not any(target.own for target in self._pages.unfinished())

    async def look_again(self, target: CaptureTarget) -> CapturedPage:
        """Capture a page for a second verdict: nothing of it is kept as what the scan has seen."""
        return await self._capturer.capture(target.domain, target.host, target.url)

    async def render_again(self, page: CapturedPage) -> CapturedPage | None:
        """Render what `look_again` has captured; None: that cannot be done now."""
        return None if self._renderings is None else await self._renderings.render_again(page)

    def add(self, targets: Iterable[CaptureTarget]) -> None:
        self._pages.add(targets)

    def capture_again(self, target: CaptureTarget) -> None:
        """One that was captured already, and whose source is not kept."""
        self._pages.redo(target)

    def resume(self, target: CaptureTarget, page: CapturedPage) -> None:
        """One that an earlier attempt captured; its screenshot may be missing."""
        self._pages.count_done()
        self._evidence_done += target.evidence
        self.render(target, page)

    def render(self, target: CaptureTarget, page: CapturedPage, *, violates: bool = False) -> None:
        """A capture that is worth a picture, at the latest with its violation."""
        if self._renderings is not None:
            self._renderings.offer(target, page, violates=violates)

    def prefer(self, url: str) -> None:
        """A page that refers to a violation needs its picture, also one that is captured for another reason."""
        if self._renderings is not None:
            self._renderings.prefer(url)

    def close(self) -> None:
        """Nothing more is found, except by the captures themselves."""
        self._pages.close()

    def give_up(self) -> None:
        """The time is over."""
        self._pages.give_up()
        self._failed.clear()
        if self._renderings is not None:
            self._renderings.give_up()

    async def run(self, on_settled: OnSettled, before_end: OnSettled | None = None) -> None:
        """The text is analysed first: Chromium comes after it, and its trouble delays no violation.

        `on_settled` is called whenever nothing is left to capture: what it finds is captured too; `before_end` once,
        when nothing of that is left either, while pages can still be rendered.
        """
        async with asyncio.TaskGroup() as group:
            if self._renderings is not None:
                group.create_task(self._renderings.run())
            early = group.create_task(self._try_again_early())
            await self._capture_all(on_settled)
            early.cancel()
            if before_end is not None:
                await before_end()
            if self._renderings is not None:
                self._renderings.close()

    async def _capture_all(self, on_settled: OnSettled) -> None:
        """Until captures, pictures and `on_settled` bring nothing new; the selector bounds what they can."""
        while True:
            await self._pages.work(self._capture, workers=WORKERS)
            if await self._try_failed_again():
                continue
            await on_settled()
            if self._pages.is_idle and self._renderings is not None:
                await self._renderings.settle()
                await on_settled()
            if self._pages.is_idle:
                if self._renderings is not None:
                    await self._renderings.settle()
                return

    async def _try_failed_again(self) -> bool:
        """Whether anything failed for the first time: it waits to be captured once more then."""
        if self._failed:
            since_s = asyncio.get_running_loop().time() - max(self._failed.values())
            await asyncio.sleep(max(0.0, PAUSE_S - since_s))
        return self._try_again(list(self._failed))  # none when the time is over

    async def _try_again_early(self) -> None:
        while True:
            await asyncio.sleep(EARLY_S / 4)
            until = asyncio.get_running_loop().time() - EARLY_S
            self._try_again([target for target, failed_at in self._failed.items() if failed_at <= until])

    def _try_again(self, targets: list[CaptureTarget]) -> bool:
        """Whether there is any."""
        for target in targets:
            del self._failed[target]
            self._evidence_done -= target.evidence
            self._pages.redo(target)
        return bool(targets)

    async def _capture(self, target: CaptureTarget) -> None:
        page = await self._capturer.capture(target.domain, target.host, target.url)
        if _may_pass(page.capture) and target not in self._tried_again and len(self._tried_again) < MAX_AGAIN:
            self._tried_again.add(target)
            self._failed[target] = asyncio.get_running_loop().time()
        await self._on_capture(target, page)
        self.render(target, page)
        self._evidence_done += target.evidence


def _may_pass(capture: Capture) -> bool:
    """Whether nothing came for a reason that may be gone in a moment."""
    return not capture.status and not capture.dead and capture.error in _PASSING


def line_of(target: CaptureTarget, capture: Capture, texts: MessageCatalog) -> Text:
    """Return what the log says of a capture."""
    if capture.status:
        return texts("captured", url=target.url, status=capture.status)
    reason = texts(f"fetch_error.{capture.error or FetchError.PROTOCOL}")
    return texts("capture_failed", url=target.url, reason=reason)
