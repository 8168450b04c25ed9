import asyncio
import os
import signal

import pytest

from app.cli.interrupts import Interrupts


async def test_the_first_signal_asks_and_the_second_cancels():
    interrupts = Interrupts()
    before = signal.getsignal(signal.SIGTERM)

    async def work():
        with interrupts.caught():
            os.kill(os.getpid(), signal.SIGTERM)
            await interrupts.asked.wait()
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(30)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert signal.getsignal(signal.SIGTERM) is before


async def test_at_once_the_first_signal_cancels():
    async def work():
        with Interrupts().caught(at_once=True):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(30)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
