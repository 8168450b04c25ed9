"""What nobody waits for any more, and how it is logged."""

import asyncio
import ssl

import pytest

from app.core.aio import BackgroundTasks, end_tasks, report_briefly
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
    async with asyncio.timeout(10):
        await background.close()
    assert len(background) == 0
