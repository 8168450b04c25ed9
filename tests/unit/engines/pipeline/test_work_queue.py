import asyncio

import pytest

from app.engines.pipeline.work_queue import WorkQueue


async def test_everything_is_handled_once_and_work_ends_when_it_is_closed():
    queue, handled = WorkQueue(), []

    async def handle(item):
        handled.append(item)
        await asyncio.sleep(0)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(queue.work(handle, workers=3))
        queue.add(range(5))
        await asyncio.sleep(0.01)
        queue.add(range(5, 10))
        queue.close()
    assert sorted(handled) == list(range(10))
    assert (queue.done, queue.total, list(queue.unfinished())) == (10, 10, [])


async def test_workers_wait_for_what_a_worker_under_way_may_still_find():
    queue, handled = WorkQueue(), []

    async def handle(item):
        handled.append(item)
        await asyncio.sleep(0.01)
        if item < 3:
            queue.add([item + 1])

    queue.add([0])
    queue.close()
    async with asyncio.timeout(30):
        await queue.work(handle, workers=4)
    assert handled == [0, 1, 2, 3]


async def test_giving_up_leaves_out_and_counts_what_waits_and_what_comes():
    queue, gate = WorkQueue(), asyncio.Event()

    async def handle(item):
        await gate.wait()

    queue.add(["under way", "waiting", "waiting too"])
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(queue.work(handle, workers=1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        queue.give_up()
        queue.add(["late"])
        queue.close()
        assert list(queue.unfinished()) == ["under way"]
        gate.set()
    assert (queue.done, queue.left_out) == (1, 3)


async def test_a_failure_ends_all_workers():
    queue = WorkQueue()

    async def handle(item):
        raise ValueError(item)

    queue.add([1])
    async with asyncio.timeout(30):
        with pytest.raises(ExceptionGroup) as failure:
            await queue.work(handle, workers=3)
    assert failure.group_contains(ValueError)


async def test_what_an_earlier_attempt_did_counts():
    queue = WorkQueue()
    queue.count_done()
    assert (queue.done, queue.total) == (1, 1)


async def test_what_is_urgent_comes_first():
    queue, handled = WorkQueue(), []

    async def handle(item):
        handled.append(item)

    queue.add([1, 2])
    queue.add([3, 4], first=True)
    queue.close()
    await queue.work(handle, workers=1)
    assert handled == [3, 4, 1, 2]


async def test_that_all_is_drained_is_waited_for_and_more_may_come_afterwards():
    queue, handled = WorkQueue(), []

    async def handle(item):
        await asyncio.sleep(0)
        handled.append(item)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(queue.work(handle, workers=2))
        await queue.drained()
        queue.add(range(3))
        await queue.drained()
        assert (sorted(handled), queue.is_idle, queue.done) == ([0, 1, 2], True, 3)
        queue.add([3])
        assert not queue.is_idle
        await queue.drained()
        queue.close()
    assert handled[-1] == 3


async def test_what_waits_can_be_taken_away():
    queue, handled = WorkQueue(), []

    async def handle(item):
        handled.append(item)

    queue.add(range(6))
    assert queue.drop(lambda item: item % 2) == [1, 3, 5]
    assert queue.total == 3
    queue.close()
    async with asyncio.timeout(30):
        await queue.work(handle, workers=1)
    assert handled == [0, 2, 4]
