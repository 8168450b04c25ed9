"""Background work that has an owner: every task is named, held, logged when it fails, and ended with its owner."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


def disregard(ended: "asyncio.Future[Any]") -> None:
    """Hear how it ended, in the place of those who have gone: else the loop would report it with a traceback."""
    if not ended.cancelled():
        ended.exception()


def report_briefly(loop: asyncio.AbstractEventLoop, *expected: type[BaseException]) -> None:
    """What a network does to a connection that nobody waits for any more is one line of the log, without a traceback.

    `expected`: such errors, beside those of the operating system (TLS's are among these).
    """

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, (OSError, *expected)) or _is_closed_tls(context):
            log.warning("connection_failed", what=context.get("message"), error=type(error).__name__, reason=str(error))
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)


def _is_closed_tls(context: dict[str, Any]) -> bool:
    """Uvloop answers a peer through a transport that has been closed meanwhile (a RuntimeError of its own)."""
    about_tls = str(context.get("message", "")).startswith("Fatal error on SSL protocol")
    return about_tls and isinstance(context.get("exception"), RuntimeError)


class BackgroundTasks:
    """Tasks that live as long as their owner wants. A failure is logged with its traceback and ends only that task."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """Cancel all and wait for them."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("background_task_failed", task=task.get_name(), exc_info=task.exception())
