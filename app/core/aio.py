"""Background work that has an owner: every task is named, held, logged when it fails, and ended with its owner."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog

T = TypeVar("T")

CANCEL_AGAIN_S: Final = 0.2
RESTART_S: Final = 1.0  # before work that failed is started again; doubled while it goes on failing
MAX_RESTART_S: Final = 60.0
STEADY_S: Final = 60.0  # work that has run for so long begins with the first pause again
OnFailure = Callable[[str], None]  # is told the name of what failed
log = structlog.get_logger(__name__)


def call_on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[T], None], value: T) -> None:
    """Make this call on the loop, from a thread. A loop that is closed needs none."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, value)


def ignore_result(ended: "asyncio.Future[Any]") -> None:
    """Retrieve the result for callers who have gone: else the loop would report a failure with a traceback."""
    if not ended.cancelled():
        ended.exception()


def report_briefly(loop: asyncio.AbstractEventLoop, *expected: type[BaseException]) -> None:
    """Log a network error of an abandoned connection as one line without a traceback.

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


class ThreadsEnded(Exception):
    """The process ends, and its threads have: what still waited for one is not done."""


async def in_thread(
    threads: ThreadPoolExecutor, work: Callable[..., T], *arguments: Any, when_free: Callable[[], None] = lambda: None
) -> T:
    """Call it in one of the threads. `when_free` is called when that is over, from any thread, also where nobody waits.

    Raises ThreadsEnded: the threads were shut down, before or meanwhile.
    """
    try:
        running = threads.submit(work, *arguments)
    except RuntimeError as error:
        when_free()
        raise ThreadsEnded from error
    running.add_done_callback(lambda _: when_free())
    try:
        return await asyncio.wrap_future(running)
    except asyncio.CancelledError:
        caller = asyncio.current_task()
        if running.cancelled() and (caller is None or not caller.cancelling()):
            raise ThreadsEnded from None
        raise


async def end_tasks(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel the tasks and wait until they have ended. Their errors are nobody's any more.

    One that goes on in spite of it is cancelled again: there are libraries that lose a cancellation while they connect.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        ended, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
        for task in ended:
            ignore_result(task)


def count_nothing(_name: str) -> None:
    """Nobody counts failures."""


async def keep_running(
    work: Callable[[], Awaitable[None]],
    *,
    name: str,
    on_failure: OnFailure = count_nothing,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Run it until it returns or is cancelled. When it fails, log that, tell `on_failure`, and start it again.

    The pause before is `RESTART_S`, doubled for each failure in a row, and `MAX_RESTART_S` at most.
    """
    failures = 0
    while True:
        began = monotonic()
        try:
            return await work()
        except Exception:  # a boundary: whatever one run trips over, the next may do without
            log.exception("background_task_failed", task=name)
        on_failure(name)
        failures = 0 if monotonic() - began >= STEADY_S else failures
        await sleep(min(MAX_RESTART_S, RESTART_S * 2.0 ** min(failures, 10)))
        failures += 1


class BackgroundTasks:
    """Tasks that live as long as their owner wants. A failure is logged with its traceback, counted, and concerns only
    that task: one that was begun with `keep` is started again.
    """

    def __init__(self, on_failure: OnFailure = count_nothing) -> None:
        """`on_failure` is told the first word of a task's name: what comes behind it tells tasks of a kind apart."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_failure = on_failure

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Do it once."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def keep(self, work: Callable[[], Awaitable[None]], *, name: str) -> None:
        """Do it until `close`, whatever happens to it (`keep_running`)."""
        self.start(keep_running(work, name=name, on_failure=self._on_failure), name=name)

    async def close(self) -> None:
        """Cancel all and wait for them; again where a cancellation is lost, as `wait_for` of Python 3.11 loses some."""
        await end_tasks(list(self._tasks))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("background_task_failed", task=task.get_name(), exc_info=task.exception())
            self._on_failure(task.get_name().partition(" ")[0])
