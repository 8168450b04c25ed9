import asyncio
import mmap
import os
import subprocess
import sys

import pytest

from app.engines.capture.browser_memory import MemoryWatch, bytes_of, family

MIB = 1 << 20
HOLDING = f"""
import sys
held = bytearray(40 * {MIB})
print(flush=True)
sys.stdin.read()
"""


class Browser:
    def __init__(self, pid, processes=()):
        self.pid, self.pids = pid, list(processes)

    def root(self):
        return self.pid

    def processes(self):
        return self.pids


@pytest.fixture
def holding():
    """A shell, and below it a process that holds 40 MiB."""
    command = ["sh", "-c", '"$0" -c "$1"; true', sys.executable, HOLDING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.stdin.close()


def test_the_family_is_the_process_and_all_below_it(holding):
    pids = family(holding.pid)
    assert (len(pids), pids[0]) == (2, holding.pid)
    assert family(0) == [0]


def test_what_each_holds_is_counted(holding):
    for enough in (0, 1 << 40):  # its share, and all that it has
        held = bytes_of(family(holding.pid), enough)
        assert max(held.values()) > 40 * MIB
        assert held[holding.pid] < 10 * MIB


def test_what_is_shared_counts_once_when_it_matters():
    with mmap.mmap(-1, 64 * MIB) as shared:
        shared.write(b"x" * 64 * MIB)
        before = bytes_of([os.getpid()], 0)[os.getpid()]
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writing)
            assert shared[:: mmap.PAGESIZE]
            os.read(reading, 1)
            os._exit(0)
        try:
            for _ in range(2_000):
                held = bytes_of([os.getpid(), child], 0)
                if held[os.getpid()] < before - 16 * MIB:
                    break
            assert sum(held.values()) < before + 48 * MIB
        finally:
            os.close(reading)
            os.close(writing)
            os.waitpid(child, 0)


def test_a_process_that_is_gone_holds_nothing():
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    assert bytes_of([ended.pid], 0) == {ended.pid: 0}


async def looked(held, *, root=1, limit=100):
    ended, told = [], []
    watch = MemoryWatch(
        Browser(root),
        max_bytes=limit,
        on_end=lambda: told.append(len(ended)),
        end=ended.append,
        measure=lambda *_: held,
    )
    await watch.look()
    assert len(told) == len(ended)
    return ended


async def test_above_the_limit_the_process_that_holds_most_is_ended():
    assert await looked({1: 20, 2: 70, 3: 20}) == [2]
    assert await looked({1: 20, 2: 60, 3: 20}) == []
    assert await looked({1: 200}, root=0) == []


@pytest.fixture
def alone():
    """A process without children."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


async def test_where_the_kernel_does_not_tell_of_children_all_are_found_otherwise(alone):
    measured = []
    watch = MemoryWatch(
        Browser(alone.pid, processes=[alone.pid, 7, 3]),
        max_bytes=1,
        on_end=lambda: None,
        measure=lambda pids, _: measured.append(list(pids)) or {},
    )
    await watch.look()
    assert measured == [sorted([3, 7, alone.pid])]


async def test_it_is_looked_at_again_and_again(holding):
    ended = asyncio.Event()
    watch = MemoryWatch(Browser(holding.pid), max_bytes=20 * MIB, on_end=ended.set, watch_s=0.01)
    watching = asyncio.create_task(watch.run())
    async with asyncio.timeout(30):
        await ended.wait()
        await asyncio.to_thread(holding.wait)
    watching.cancel()
