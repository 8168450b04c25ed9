"""The order in which captures are rendered: first pages whose source says nothing, then what violates; at the end what
was too slow, once more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from typing import Final

from app.domain.messages import Text
from app.engines.capture.capturer import CapturedPage
from app.engines.capture.page_renderer import RENDER_TIMEOUT_S
from app.engines.capture.render_limit import RenderLimit
from app.engines.pipeline.capture.screenshots import NotRendered, Screenshots, is_shell
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.time_budget import TimeBudget
from app.engines.pipeline.work_queue import WorkQueue

# On a machine that computes for others the browser, which steps back for everybody, needs many times longer.
PATIENT_TIMEOUT_S: Final = 60.0
# How long a scan whose other work is done waits for pictures, in all: a machine that is busy renders for long.
WAIT_S: Final = 60.0
# For what violates, and the pages that refer to it: a case needs its picture. So does what only rendering tells.
WAIT_FOR_VIOLATING_S: Final = 300.0

END_S: Final = 30.0  # for what is under way when nobody waits any more: it is told so, and this machine may be slow

OnRendered = Callable[[CaptureTarget, CapturedPage], Awaitable[None]]


def do_nothing() -> None:
    """Stands for `hurry_browser` where the browser never waits to be started."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """One capture that is to be rendered."""

    target: CaptureTarget
    page: CapturedPage
    timeout_s: float = RENDER_TIMEOUT_S


class Renderings:
    """`run` once, `offer` at any time before `close`. `on_rendered` gets the capture again, with its screenshot."""

    def __init__(
        self,
        *,
        screenshots: Screenshots,
        on_rendered: OnRendered,
        on_problem: Callable[[Text], Awaitable[None]],
        budget: TimeBudget,
        hurry_browser: Callable[[], None] = do_nothing,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_problem` is told once why there are no screenshots, or no more of them. `budget` says how long the scan
        may wait for them. `hurry_browser` is told when there is nothing else to do than to render.
        """
        self._screenshots = screenshots
        self._on_rendered = on_rendered
        self._on_problem = on_problem
        self._budget = budget
        self._hurry_browser = hurry_browser
        self._monotonic = monotonic
        self._closed = asyncio.Event()  # nobody waits for pictures any more
        self._queue: WorkQueue[Rendering] = WorkQueue()
        self._slow: list[Rendering] = []  # to be rendered once more
        self._waited_s = 0.0  # how long the scan has waited for nothing else
        self._under_way: list[tuple[Rendering, RenderLimit]] = []
        self._violating: set[str] = set()  # addresses of pages that violate, or refer to what does
        self._offered = self._taken = 0  # pages that are to have a picture, and those that have theirs
        # How many came too late for a picture, and how many of them are such pages.
        self.missing = self.missing_violating = 0

    @property
    def steps(self) -> tuple[int, int]:
        """(done, in all) of the work: a page that is rendered once more counts twice, one given up not at all."""
        return self._queue.done, self._queue.total

    @property
    def pictures(self) -> tuple[int, int]:
        """(pages that have their picture, pages that were to have one): the second never falls."""
        return self._taken, self._offered

    def offer(self, target: CaptureTarget, page: CapturedPage, *, violates: bool) -> None:
        """Render it if it is worth a picture and has none: first when it violates, or its source says nothing."""
        violates = violates or target.evidence
        if violates:
            self.prefer(target.url)
        if not page.capture.screenshot_sha256 and self._screenshots.should_render(target, page, violates=violates):
            self._offered += 1
            rendering = Rendering(target, page)
            if self._is_urgent(rendering):
                self._add_first([rendering])
            else:
                self._queue.add([rendering])

    async def render_again(self, page: CapturedPage) -> CapturedPage | None:
        """Render a page beside those that wait, for its verdict alone. None: it could not be rendered."""
        rendered = await self._screenshots.render(page, limit=RenderLimit(PATIENT_TIMEOUT_S))
        return rendered if isinstance(rendered, CapturedPage) else None

    def prefer(self, url: str) -> None:
        """The page violates, or refers to what does: what waits of it comes before all others."""
        self._violating.add(url)
        self._add_first(self._queue.drop(lambda one: one.target.url == url))

    def close(self) -> None:
        """Nothing more comes. What is under way has END_S: a machine that gets to nothing does not even end it."""
        self._hurry_browser()
        self._queue.close()
        self._closed.set()

    def give_up(self) -> None:
        """The time is over."""
        self._queue.give_up()
        self._slow.clear()

    async def settle(self) -> None:
        """Return when all that was offered is rendered, or is not waited for any longer."""
        self._hurry_browser()
        await self._render_all_within(WAIT_S)
        self._leave_out(lambda one: not self._is_urgent(one))
        await self._render_all_within(WAIT_FOR_VIOLATING_S)
        self._leave_out(lambda _: True)

    async def _render_all_within(self, limit_s: float) -> None:
        """Render what waits, then once more what was too slow."""
        await self._render_within(limit_s)
        while self._slow and self._left_s(limit_s):
            again, self._slow = [replace(slow, timeout_s=PATIENT_TIMEOUT_S) for slow in self._slow], []
            self._add_first([item for item in again if self._is_urgent(item)])
            self._queue.add([item for item in again if not self._is_urgent(item)])
            await self._render_within(limit_s)

    async def _render_within(self, limit_s: float) -> None:
        """Wait until nothing waits or is under way, as long as the scan has not waited so long in all."""
        began = self._monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._left_s(limit_s)):
                await self._queue.drained()
        waited_s = self._monotonic() - began
        self._waited_s += waited_s
        self._budget.note_browser_wait(waited_s)

    def _left_s(self, limit_s: float) -> float:
        """Return how long the scan goes on waiting: no longer than so long in all, nor than it is worth to it."""
        urgent = sum(map(self._is_urgent, [*self._queue.unfinished(), *self._slow]))
        return max(0.0, min(limit_s - self._waited_s, self._budget.browser_left_s(urgent)))

    def _leave_out(self, condition: Callable[[Rendering], bool]) -> None:
        """Wait no longer for these. Those under way end too: a busy browser renders them one after the other."""
        for rendering, limit in self._under_way:
            if condition(rendering):
                limit.end()
        given_up = [*self._queue.drop(condition), *filter(condition, self._slow)]
        self._slow = [slow for slow in self._slow if not condition(slow)]
        for rendering in given_up:
            self._note_missing(rendering)

    async def run(self) -> None:
        """Start the browser, and render until it is closed and nothing waits, or for END_S after that."""
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._render_all())
            closing = group.create_task(self._closed.wait())
            await asyncio.wait({working, closing}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({working}, timeout=END_S)
            for rendering in () if working.done() else [*self._queue.unfinished()]:
                self._note_missing(rendering)
            working.cancel()
            closing.cancel()

    async def _render_all(self) -> None:
        async with AsyncExitStack() as stack:
            await self._screenshots.start(stack)
            if self._screenshots.problem:
                await self._on_problem(self._screenshots.problem)
                self.give_up()
                self._offered = 0  # there are none without a browser
            had_problem = bool(self._screenshots.problem)
            await self._queue.work(self._render, workers=self._screenshots.at_once)
            if self._screenshots.problem and not had_problem:
                await self._on_problem(self._screenshots.problem)

    async def _render(self, rendering: Rendering) -> None:
        limit = RenderLimit(rendering.timeout_s)
        self._under_way.append((rendering, limit))
        try:
            rendered = await self._screenshots.render(rendering.page, limit=limit)
        finally:
            self._under_way.remove((rendering, limit))
        if rendered is not NotRendered.SLOW and self._is_urgent(rendering):
            self._budget.count_urgent_rendering()
        if isinstance(rendered, CapturedPage):
            self._taken += bool(rendered.capture.screenshot_sha256)
            await self._on_rendered(rendering.target, rendered)
        elif rendered is NotRendered.SLOW:
            self._note_slow(rendering, is_over=limit.is_over)

    def _note_slow(self, rendering: Rendering, *, is_over: bool) -> None:
        """`is_over`: nobody waits for it any more."""
        if rendering.timeout_s >= PATIENT_TIMEOUT_S or is_over:
            self._note_missing(rendering)
        elif _is_unread(rendering):  # at the end there may be no time left for it
            self._add_first([replace(rendering, timeout_s=PATIENT_TIMEOUT_S)])
        else:
            self._slow.append(rendering)

    def _note_missing(self, rendering: Rendering) -> None:
        self.missing += 1
        self.missing_violating += self._violates(rendering)

    def _add_first(self, renderings: list[Rendering]) -> None:
        """A verdict that waits for the rendered page goes before the picture of one that is known."""
        self._queue.add(renderings, first=True)
        self._queue.add(self._queue.drop(_is_unread), first=True)

    def _is_urgent(self, rendering: Rendering) -> bool:
        return self._violates(rendering) or _is_unread(rendering)

    def _violates(self, rendering: Rendering) -> bool:
        return rendering.target.url in self._violating


def _is_unread(rendering: Rendering) -> bool:
    return is_shell(rendering.page.content)
