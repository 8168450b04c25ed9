"""Stage 4 as the graph sees it: pages are captured as soon as they are found, and drawn when there is a browser."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Final

from app.engines.capture.http import Capturer
from app.engines.capture.store import ContentStore
from app.engines.graph.equipment import Equipment
from app.engines.graph.pictures import Pictures
from app.engines.graph.targets import Target
from app.engines.graph.work import WorkQueue
from app.engines.model import Capture

WORKERS: Final = 8  # captures at once; per address the politeness decides
DRAWERS: Final = 4  # as many as the browser draws at once (`capture.browser.CONCURRENT`)

OnCapture = Callable[[Target, Capture], Awaitable[bool]]
OnDrawn = Callable[[Target, Capture], Awaitable[None]]
OnProblem = Callable[[str], Awaitable[None]]


class Capturing:
    """What waits is bounded by the `TargetBook` that chose it. `run` once, `add` at any time."""

    def __init__(
        self,
        *,
        equipment: Equipment,
        contents: ContentStore,
        pictures: bool,
        on_capture: OnCapture,
        on_drawn: OnDrawn,
        on_problem: OnProblem,
    ) -> None:
        """`on_capture` says whether the page violates: pictures of those come first. `on_drawn` gets the capture
        again, with its picture; `on_problem` once why there are no pictures.
        """
        self._capturer = Capturer(
            client=equipment.client,
            resolver=equipment.resolver,
            policy=equipment.policy,
            config=equipment.config,
            store=contents,
            reader=equipment.reader,
            browser=None,
            limits=equipment.limits,
        )
        self._pictures = Pictures(equipment=equipment, reader=equipment.reader, contents=contents) if pictures else None
        self._on_capture = on_capture
        self._on_drawn = on_drawn
        self._on_problem = on_problem
        self._pages: WorkQueue[Target] = WorkQueue()
        self._drawings: WorkQueue[tuple[Target, Capture]] = WorkQueue()

    @property
    def captured(self) -> int:
        """Pages that are through, those of earlier attempts included."""
        return self._pages.done

    @property
    def known(self) -> int:
        """Pages that are, or are to be, captured."""
        return self._pages.total

    @property
    def steps(self) -> tuple[int, int]:
        """(done, in all) with the pictures."""
        return self._pages.done + self._drawings.done, self._pages.total + self._drawings.total

    @property
    def left_out(self) -> int:
        """Pages that the time limit left out."""
        return self._pages.left_out

    @property
    def is_own_settled(self) -> bool:
        """No start page of the site itself waits or is under way: no certificate names a further host."""
        return not any(target.own for target in self._pages.unfinished())

    def add(self, targets: Iterable[Target]) -> None:
        self._pages.add(targets)

    def resume(self, target: Target, capture: Capture) -> None:
        """One that an earlier attempt captured; its picture may be missing."""
        self._pages.count_done()
        if not capture.screenshot_sha256:
            self._want_picture(target, capture, first=False)

    def close(self) -> None:
        """Nothing more is found, except by the captures themselves."""
        self._pages.close()

    def give_up(self) -> None:
        """The time is over."""
        self._pages.give_up()
        self._drawings.give_up()

    async def run(self) -> None:
        """Verdicts first: what Chromium does comes behind them, and its trouble delays no violation."""
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            if self._pictures is not None:
                group.create_task(self._draw_all(self._pictures, stack))
            await self._pages.work(self._capture, workers=WORKERS)
            self._drawings.close()

    async def _capture(self, target: Target) -> None:
        capture = await self._capturer.capture(target.domain, target.host, target.url)
        violates = await self._on_capture(target, capture)
        self._want_picture(target, capture, first=violates)

    def _want_picture(self, target: Target, capture: Capture, *, first: bool) -> None:
        if self._pictures is not None and self._pictures.wants(target, capture):
            self._drawings.add([(target, capture)], first=first)

    async def _draw_all(self, pictures: Pictures, stack: AsyncExitStack) -> None:
        await pictures.start(stack)
        if pictures.problem:
            await self._on_problem(pictures.problem)
            self._drawings.give_up()

        async def draw(item: tuple[Target, Capture]) -> None:
            target, capture = item
            drawn = await pictures.draw(capture)
            if drawn is not None:
                await self._on_drawn(target, drawn)

        had_problem = bool(pictures.problem)
        await self._drawings.work(draw, workers=DRAWERS)
        if pictures.problem and not had_problem:
            await self._on_problem(pictures.problem)
