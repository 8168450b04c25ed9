"""An event loop in a thread: the small world and the clients go on there while a test kills and waits."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

Found = TypeVar("Found")


class Background:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="background")
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, Found]) -> Future[Found]:
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, Found], timeout_s: float = 60) -> Found:
        return self.begin(work).result(timeout_s)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@contextlib.contextmanager
def running_background() -> Iterator[Background]:
    background = Background()
    try:
        yield background
    finally:
        background.close()
