"""How long a server's event loop is held, while clients in other threads ask.

What counts is processor time of the loop's own thread between two looks at its sockets: wall time would be that of a
loaded machine, where other processes and threads come between.
"""

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

from tests.support.cpu_time import slowness

T = TypeVar("T")
HELD_S = 0.05  # what no request may exceed


class WatchedLoop(asyncio.SelectorEventLoop):
    """Measures each of its rounds: all callbacks that were ready, for which everybody else waits."""

    def __init__(self) -> None:
        super().__init__()
        # The longest round since `forget`, in seconds of processor time.
        self.held_s = 0.0

    def forget(self) -> None:
        self.held_s = 0.0

    def _run_once(self) -> None:  # asyncio has no public place around a round
        began = time.thread_time()
        super()._run_once()  # type: ignore[misc] # it is not in the stubs
        self.held_s = max(self.held_s, time.thread_time() - began)


class Held:
    """What a context manager gives, on a loop of its own in another thread."""

    def __init__(self, loop: WatchedLoop, value: Any) -> None:
        self.loop = loop
        self.value = value

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs on that loop; blocks."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def held_by(self, ask: Callable[[], object], *, tries: int = 10) -> float:
        """Seconds that the loop was held while `ask` ran: the best of several, for what the machine adds.

        What holds the loop holds it each time. A collection of the garbage of the whole process, which holds many
        tests, does not count: after the first try all that there is is put aside for the collector. A first time that
        alone is slow (a cache) shows in `tries=1`. Too long a time counts in seconds of the machine on which the limit
        was set (`slowness`).
        """
        best = float("inf")
        for _ in range(tries):
            self.loop.forget()
            ask()
            held_s = self.loop.held_s
            best = min(best, held_s if held_s < HELD_S else held_s / slowness())
            if best < HELD_S:
                break
            gc.collect()
            gc.freeze()
        return best


@contextmanager
def watch(open_it: Callable[[], AbstractAsyncContextManager[Any]]) -> Any:
    """Opens it on a watched loop in a thread, and closes it afterwards."""
    ready, done, found = threading.Event(), threading.Event(), []

    async def live() -> None:
        try:
            async with open_it() as value:
                found.append(Held(asyncio.get_running_loop(), value))  # type: ignore[arg-type] # the factory's
                ready.set()
                await asyncio.get_running_loop().run_in_executor(None, done.wait)
        except BaseException as error:
            found.append(error)
            raise
        finally:
            ready.set()

    def run() -> None:
        with asyncio.Runner(loop_factory=WatchedLoop) as runner:
            runner.run(live())

    thread = threading.Thread(target=run, name="watched-loop")
    thread.start()
    ready.wait()
    try:
        assert isinstance(found[0], Held), found[0]
        yield found[0]
    finally:
        done.set()
        thread.join()
