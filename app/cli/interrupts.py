"""Ctrl-C and its like, for commands that have something to end in order."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """The first signal sets `asked`; the second (or `at_once` the first) cancels the task that entered."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    @contextmanager
    def caught(self, *, at_once: bool = False) -> Iterator[None]:
        """Within the block, in a task of a running loop. A signal that is ignored (nohup) stays so."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # there is one wherever `await` works
        before = {number: signal.getsignal(number) for number in SIGNALS}
        caught = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
        for number in caught:
            loop.add_signal_handler(number, self._signalled, task, at_once)
        try:
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])

    def _signalled(self, task: "asyncio.Task[object]", at_once: bool) -> None:
        if at_once or self.asked.is_set():
            task.cancel()
        self.asked.set()
