import asyncio

from app.tasks.worker.loop_watchdog import LOOP_SILENCE_S, LoopWatchdog


async def test_a_loop_that_turns_is_touched_and_one_that_hangs_is_seen():
    moments = [0.0]
    watchdog = LoopWatchdog(lambda: moments[0])
    moments[0] = LOOP_SILENCE_S + 1
    assert not watchdog.is_turning
    touching = asyncio.create_task(watchdog.keep_touching())
    await asyncio.sleep(0)
    assert watchdog.is_turning
    moments[0] += LOOP_SILENCE_S
    assert watchdog.is_turning
    touching.cancel()
