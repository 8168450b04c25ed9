"""Parser processes: whatever a page does to one of them, the scan hears of it and goes on."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from app.engines.parsing.launch import execute
from app.engines.parsing.page_parser import PageParser
from app.engines.parsing.pool import ParserPool, ParserUnavailable
from app.engines.ports import Unreadable


def bad_pool(**options):
    return ParserPool(target="a.test", launch=partial(execute, module="tests.support.broken_parser"), **options)


async def test_a_job_gets_its_arguments_and_its_body_and_gives_all_its_pieces():
    async with bad_pool() as pool:
        assert await pool.run("echo", 1, "二", body=b"body") == ["a.test", [1, "二"], "body"]
        assert [len(piece) for piece in await pool.run("flood")] == [1_000] * 20


@pytest.mark.parametrize("name", ["spin", "stick"])
async def test_a_job_that_does_not_end_is_ended_by_its_processor_time_in_python_and_in_c(name):
    async with bad_pool() as pool:
        before = os.times()
        with pytest.raises(Unreadable, match="cpu"):
            await pool.run(name, cpu_s=0.3)
        assert await pool.run("echo", 1) == ["a.test", [1], ""]
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used < 2  # the imports of the parent of the processes included


async def test_jobs_behind_one_that_does_not_end_are_done_all_the_same():
    async with bad_pool(processes=1) as pool, asyncio.TaskGroup() as group:
        hanging = group.create_task(refused(pool.run("spin", cpu_s=0.2)))
        others = [group.create_task(pool.run("echo", number)) for number in range(30)]
    assert hanging.result() == "cpu"
    assert [task.result()[1] for task in others] == [[number] for number in range(30)]


@pytest.mark.parametrize(
    ("name", "reason"), [("crash", "crashed"), ("swell", "memory"), ("nest", "nesting"), ("err", "error")]
)
async def test_what_a_job_does_to_its_process_is_told_as_a_reason(name, reason):
    async with bad_pool() as pool:
        assert await refused(pool.run(name)) == reason
        assert (await pool.run("echo"))[:1] == ["a.test"]


@pytest.mark.parametrize("pieces", [1, 4])
async def test_an_answer_above_the_limit_is_refused_by_its_own_process_which_goes_on(pieces):
    async with bad_pool(processes=1) as pool:
        process = await pool.run("who")
        assert await refused(pool.run("overfill", pieces)) == "memory"
        assert await pool.run("who") == process


async def test_a_page_whose_links_are_each_as_long_as_its_base_restarts_nothing():
    long = "a" * 140_000
    links = "".join(f"<a href=l{number}>" for number in range(1_000))
    async with ParserPool(target="a.test", processes=1) as pool:
        parser, parent = PageParser(pool), pool.processes()[0]
        for url, base in ((f"http://a.test/{long}/", ""), ("http://a.test/", f"<base href='/{long}/'>")):
            assert await refused(parser.page(f"{base}{links}".encode(), url=url, headers=())) == "memory"
        page = await parser.page(f"<base href='/b/'>{links}".encode(), url="http://a.test/", headers=())
        assert page.links[0] == "http://a.test/b/l0"
        assert pool.processes()[0] == parent


async def test_a_process_that_was_killed_from_outside_costs_no_page(tmp_path):
    async with bad_pool() as pool:
        assert await pool.run("crash_once", str(tmp_path / "mark")) == ["alive"]


async def test_a_process_that_is_killed_before_it_takes_its_jobs_mixes_up_no_answers():
    async with bad_pool(processes=1) as pool:
        (pid,) = await pool.run("who")
        os.kill(pid, signal.SIGSTOP)
        asking = [asyncio.create_task(pool.run("echo", number)) for number in range(20)]
        await asyncio.sleep(0)  # the first of them lie in its socket
        os.kill(pid, signal.SIGKILL)
        assert [answer[1] for answer in await asyncio.gather(*asking)] == [[number] for number in range(20)]


async def test_a_process_that_talks_nonsense_is_replaced_with_all_others():
    async with bad_pool() as pool:
        assert await refused(pool.run("babble")) == "crashed"
        assert (await pool.run("echo"))[:1] == ["a.test"]


@pytest.mark.parametrize("name", ["break_off", "stop_parent"])
async def test_a_process_of_whose_end_nobody_tells_holds_up_no_scan(name):
    async with bad_pool(wall_s=10) as pool, asyncio.timeout(240):  # a start on a busy machine takes seconds
        assert await refused(pool.run(name)) == "crashed"
        assert (await pool.run("echo"))[:1] == ["a.test"]


async def test_processes_whose_parent_was_killed_are_started_anew():
    async with bad_pool() as pool:
        await pool.run("echo")
        os.kill(pool.processes()[0], 9)
        for pid in pool.processes()[1:]:
            os.kill(pid, 9)
        assert (await pool.run("echo"))[:1] == ["a.test"]


async def test_processes_that_cannot_live_are_given_up_with_a_reason():
    async with ParserPool(target="a.test", launch=partial(execute, module="tests.support.no_such_module")) as pool:
        with pytest.raises(ParserUnavailable):
            await pool.run("echo")


async def test_a_cancelled_asker_leaves_nothing_behind():
    async with bad_pool(processes=1) as pool:
        asking = asyncio.create_task(pool.run("spin", cpu_s=0.2))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})
        assert (await pool.run("echo"))[:1] == ["a.test"]


async def test_closing_ends_every_process_also_a_busy_one():
    async with bad_pool() as pool:
        await pool.run("who")
        busy = asyncio.create_task(refused(pool.run("spin", cpu_s=1_000)))
        await pool.run("who")
        pids = pool.processes()
        started = time.monotonic()
    assert time.monotonic() - started < 10  # far below the thousand seconds that the busy one has
    assert await_ends(pids) == []  # one that reads nothing ends with its socket, as soon as a processor is free for it
    busy.cancel()
    await asyncio.wait({busy})


ORPHANS = """
import asyncio
from functools import partial
from app.engines.parsing.launch import execute
from app.engines.parsing.pool import ParserPool

async def main():
    async with ParserPool(target="a.test", launch=partial(execute, module="tests.support.broken_parser")) as pool:
        await pool.run("echo")
        busy = asyncio.create_task(pool.run("spin", cpu_s=0.5))
        await pool.run("echo")
        while len(pool.processes()) < 3:  # a process says its own number when it has begun
            await asyncio.sleep(0.01)
        print(*pool.processes(), flush=True)
        await busy

asyncio.run(main())
"""


def test_processes_of_a_scan_that_was_killed_end_by_themselves():
    with subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True) as scan:
        pids = [int(pid) for pid in scan.stdout.readline().split()]
        scan.kill()
    assert len(pids) == 3
    assert await_ends(pids) == []


async def refused(work) -> str:
    with pytest.raises(Unreadable) as caught:
        await work
    return caught.value.reason


def await_ends(pids: list[int]) -> list[int]:
    """Return those that are alive after half a minute."""
    deadline = time.monotonic() + 30
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in pids if is_alive(pid)]


def is_alive(pid: int) -> bool:
    try:
        return re.search(r"\) [ZX] ", Path(f"/proc/{pid}/stat").read_text()) is None
    except FileNotFoundError:
        return False
