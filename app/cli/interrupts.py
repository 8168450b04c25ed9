"""Ctrl-C and its like, for commands that have something to end in order."""

import asyncio
import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, ParamSpec

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
P = ParamSpec("P")


class Interrupts:
    """The first signal sets `asked`; the second (or `at_once` the first) cancels the task that entered."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    @contextmanager
    def caught(self, *, at_once: bool = False) -> Iterator[None]:
        """Catch signals within the block, in a task of a running loop. One that is ignored (nohup) stays so."""
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


def interruptible(command: Callable[P, int], *args: P.args, **kwargs: P.kwargs) -> int:
    """Run a command that tidies up behind itself: from here on Ctrl-C is an exception, and no end at once.

    From here on garbage is collected, too: what the command needs is loaded.
    """
    gc.enable()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return command(*args, **kwargs)
    finally:
        signal.signal(signal.SIGINT, before)
