"""What nobody waits for any more, and how it is logged."""

import asyncio
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.aio import (
    MAX_RESTART_S,
    STEADY_S,
    BackgroundTasks,
    ThreadsEnded,
    end_tasks,
    in_thread,
    keep_running,
    report_briefly,
)
from tests.support.clock import FakeClock
from tests.support.logs import captured_log

BROKEN = [
    ssl.SSLError(1, "[SSL] record layer failure"),
    ConnectionResetError(104, "Connection reset by peer"),
    TimeoutError("SSL shutdown timed out"),
]


@pytest.fixture
async def loop():
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    report_briefly(loop, LookupError)
    yield loop
    loop.set_exception_handler(before)


@pytest.mark.parametrize("error", [*BROKEN, LookupError("as told")])
async def test_a_broken_peer_is_one_line_without_a_traceback(loop, error):
    with captured_log() as said:
        loop.call_exception_handler({"message": "Fatal error on SSL transport", "exception": error})
    assert said.getvalue().count("\n") == 1
    assert type(error).__name__ in said.getvalue()
    assert "Traceback" not in said.getvalue()


async def test_an_answer_to_a_tls_peer_through_a_closed_transport_is_one_line_too(loop):
    """As uvloop says it, met in a quarter of an hour of chaos."""
    error = RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
    with captured_log() as said:
        loop.call_exception_handler({"message": "Fatal error on SSL protocol", "exception": error})
        assert "Traceback" not in said.getvalue()
        loop.call_exception_handler({"message": "Exception in callback", "exception": error})
    assert "Traceback" in said.getvalue()


async def test_a_mistake_of_ours_keeps_its_traceback(loop):
    with pytest.raises(ZeroDivisionError) as mistake:
        _ = 1 // 0
    with captured_log() as said:
        loop.call_exception_handler({"message": "Task exception was never retrieved", "exception": mistake.value})
    assert "Traceback" in said.getvalue()


async def test_a_task_that_loses_a_cancellation_is_cancelled_again():
    cancelled = 0

    async def stubborn():
        nonlocal cancelled
        while cancelled < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled += 1
        await asyncio.sleep(60)

    async def failing():
        raise ValueError("nobody's any more")

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    await end_tasks(tasks)
    assert (cancelled, [task.done() for task in tasks]) == (2, [True, True])


async def test_background_work_that_loses_a_cancellation_ends_all_the_same():
    """As `asyncio.wait_for` of Python 3.11 does when what it waits for is done at the same moment."""
    background, begun = BackgroundTasks(), asyncio.Event()

    async def careless():
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    background.start(careless(), name="careless")
    await begun.wait()
    async with asyncio.timeout(30):
        await background.close()
    assert len(background) == 0


class Unsteady:
    """Work that fails, after so many seconds each time; returns when there are no more."""

    def __init__(self, clock, *lasts_s):
        self._clock, self._lasts_s = clock, list(lasts_s)
        self.began_at = []

    async def __call__(self):
        self.began_at.append(self._clock.monotonic())
        if not self._lasts_s:
            return
        self._clock.advance(self._lasts_s.pop(0))
        raise RuntimeError("unheard of")


async def pauses_of(*lasts_s):
    """Between each failure and the next start, and how many failures were counted."""
    clock, failed = FakeClock(), []
    work = Unsteady(clock, *lasts_s)
    with captured_log() as said:
        await keep_running(work, name="loop", on_failure=failed.append, sleep=clock.sleep, monotonic=clock.monotonic)
    assert said.getvalue().count("background_task_failed") == len(lasts_s)
    ends = [began + lasted for began, lasted in zip(work.began_at, lasts_s, strict=False)]
    return [began - end for began, end in zip(work.began_at[1:], ends, strict=True)], failed


async def test_work_that_fails_is_started_again_after_pauses_that_grow_to_a_minute():
    pauses, failed = await pauses_of(*[0] * 9)
    assert pauses == [1, 2, 4, 8, 16, 32, MAX_RESTART_S, MAX_RESTART_S, MAX_RESTART_S]
    assert failed == ["loop"] * 9


async def test_work_that_ran_well_for_a_while_begins_with_a_short_pause_again():
    pauses, _ = await pauses_of(0, 0, 0, STEADY_S, 0)
    assert pauses == [1, 2, 4, 1, 2]


async def test_what_is_kept_goes_on_after_a_failure_which_is_counted_by_the_kind_of_task():
    failed, goes_on = [], asyncio.Event()
    background, runs = BackgroundTasks(failed.append), []

    async def loop():
        runs.append(len(runs))
        if len(runs) == 1:
            raise RuntimeError("unheard of")
        goes_on.set()
        await asyncio.Event().wait()

    async def pull():
        raise RuntimeError("once")

    background.keep(loop, name="loop")
    background.start(pull(), name="pull 0190-task")
    async with asyncio.timeout(30):
        await goes_on.wait()
    assert sorted(failed) == ["loop", "pull"]
    await background.close()
    assert len(background) == 0


class BusyThread:
    """One thread, which is busy until `release`."""

    def __init__(self):
        self.threads = ThreadPoolExecutor(1)
        self._begun, self.release = threading.Event(), threading.Event()
        self._busy = self.threads.submit(self._wait)

    def _wait(self):
        self._begun.set()
        self.release.wait(10)

    async def wait(self):
        assert await asyncio.to_thread(self._begun.wait, 10)

    def end(self):
        self.release.set()
        self.threads.shutdown(wait=True)


@pytest.fixture
async def busy():
    thread = BusyThread()
    await thread.wait()
    yield thread
    thread.end()


async def test_what_waits_for_a_thread_when_the_process_ends_is_told_so(busy):
    freed = []
    waiting = asyncio.create_task(in_thread(busy.threads, int, when_free=lambda: freed.append("a")))
    await asyncio.wait({waiting}, timeout=0)
    busy.threads.shutdown(wait=False, cancel_futures=True)
    with pytest.raises(ThreadsEnded):
        await waiting
    with pytest.raises(ThreadsEnded):
        await in_thread(busy.threads, int, when_free=lambda: freed.append("b"))
    assert freed == ["a", "b"]


async def test_who_is_cancelled_while_waiting_for_a_thread_is_cancelled_whatever_the_threads_do(busy):
    waiting = asyncio.create_task(in_thread(busy.threads, int))
    await asyncio.wait({waiting}, timeout=0)
    waiting.cancel()
    busy.threads.shutdown(wait=False, cancel_futures=True)
    with pytest.raises(asyncio.CancelledError):
        await waiting
