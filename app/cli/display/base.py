"""What all displays can do, the choice between them, and the loop that feeds one."""

import asyncio
import io
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console

from app.client.events import Event
from app.client.taskview import TaskView
from app.domain.messages import MessageCatalog

TICK_S: Final = 0.2


class Display(Protocol):
    """Shows one task. A context manager; nothing is shown outside of it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, view: TaskView, event: Event) -> None:
        """`event` has just been applied to `view`."""
        ...

    def tick(self, view: TaskView) -> None:
        """Update the display after some time has passed."""
        ...

    def say(self, text: str, *, lasting: bool = False) -> None:
        """Tell what happens here, such as a lost connection; empty: it is over. `lasting`: it is to stay readable."""
        ...


def choose_display(console: Console, texts: MessageCatalog) -> Display:
    """Return the display for what the console writes to."""
    if console.is_terminal and not console.is_dumb_terminal:
        from app.cli.display.live import LiveDisplay

        return LiveDisplay(console, texts)
    from app.cli.display.plain import PlainDisplay

    return PlainDisplay(console.file, texts)


async def show_until_end(events: AsyncGenerator[Event, None], view: TaskView, display: Display) -> None:
    """Feed the display until the task has ended. Errors of `events` come out as they are."""
    ticking = asyncio.create_task(_tick(view, display), name="display-ticks")
    try:
        async with aclosing(events):
            async for event in events:
                view.apply(event)
                display.show(view, event)
                if view.ended:
                    return
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])
        if not ticking.cancelled():
            ticking.result()  # only an error ends it by itself
        display.say("")


async def _tick(view: TaskView, display: Display) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        display.tick(view)


class CurrentStderr(io.TextIOBase):
    """Writes to what `sys.stderr` is at that moment: a live display replaces it, and shows the lines above itself."""

    def write(self, text: str, /) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()
