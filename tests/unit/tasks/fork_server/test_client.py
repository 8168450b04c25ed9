"""Fork servers as real processes."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from app.core.ids import new_id
from app.tasks import process_tree
from app.tasks.fork_server.client import LONGEST_MARK, UNKNOWN_CODE, ForkServer, NotForked
from tests.support.forked_program import MODULE
from tests.support.realtime import until
from tests.unit.tasks.fork_server.conftest import descriptors_of, ends_of_forks, is_running, lost, said, shown_by


@pytest.fixture
def mark():
    """Of no other process of the machine, on which others run these tests, too."""
    return f"{new_id()}-1"


async def test_a_process_is_forked_as_if_it_had_been_executed(server, start):
    process = await start("tell", mark="task-7-1")
    told = await said(process)
    assert await process.wait() == 0
    assert (told["pid"], told["parent"], told["loaded_in"]) == (process.pid, server.pid, server.pid)
    assert told["session"] == told["group"] == process.pid
    assert told["arguments"] == [sys.executable, "-P", "-m", MODULE]
    assert told["descriptors"] == [0, 1, 2]
    assert told["threads"] == 1
    assert told["terminated_by"]
    assert told["environment"] == process_tree.environment("task-7-1", told["environment"])
    assert f"{process_tree.MARK}=task-7-1" in told["shown"]


async def test_processes_share_nothing_random(server, start):
    processes = [await start("tell") for _ in range(3)]
    told = [await said(process) for process in processes]
    for process in processes:
        await process.wait()
    assert len({str(value) for one in told for value in one["random"]}) == 9


async def test_each_is_found_by_its_mark_and_the_server_by_none(server, start, mark):
    first, second = await start("last", mark=mark), await start("last", mark=f"{mark}1")
    assert [await said(process) for process in (first, second)] == ["begun"] * 2
    assert process_tree.members(mark) == [first.pid]
    assert process_tree.members(f"{mark}1") == [second.pid]
    assert process_tree.kill(mark) == [first.pid]
    assert await first.wait() == -signal.SIGKILL
    assert is_running(second.pid)
    assert is_running(server.pid)
    second.kill_group()
    assert await second.wait() == -signal.SIGKILL


async def test_what_it_starts_carries_its_mark_too(start, mark):
    process = await start("descend", mark=mark)
    other = await said(process)
    # The child shows no environment for a moment while it becomes another program.
    await until(lambda: sorted(process_tree.members(mark)) == sorted([process.pid, other]))
    process_tree.kill(mark)
    assert await process.wait() == -signal.SIGKILL
    await until(lambda: not is_running(other))


async def test_a_process_without_a_mark_has_none(start):
    process = await start("tell", mark=None)
    told = await said(process)
    assert process_tree.MARK not in told["environment"]
    assert f"{process_tree.MARK}=" in told["shown"]
    await process.wait()


async def test_the_server_knows_nothing_of_our_environment_that_is_not_allowed(monkeypatch):
    monkeypatch.setenv("CLOUD_SECRET_KEY", "x")
    server = ForkServer((MODULE,))
    await server.start()
    shown = shown_by(server.pid)
    await server.close()
    assert "PATH=" in shown
    assert "CLOUD_SECRET_KEY" not in shown


async def test_a_frozen_server_is_given_up_within_the_limit_and_forks_nothing_later(start, mark):
    server = ForkServer((MODULE,), answer_limit_s=0.3)
    await server.start()
    pid = server.pid
    os.kill(pid, signal.SIGSTOP)
    await lost(start("last", mark=mark, server=server))
    assert not server.is_there
    await until(lambda: not is_running(pid))
    assert process_tree.members(mark) == []


async def test_the_end_of_a_process_is_noticed_though_the_server_stands_still(start):
    server = ForkServer((MODULE,), answer_limit_s=20)
    await server.start()
    process = await start("last", server=server)
    assert await said(process) == "begun"
    server._answer_limit_s = 0.3  # not before: a healthy server may take longer on a busy machine
    os.kill(server.pid, signal.SIGSTOP)
    process.stdin.close()
    assert await process.wait() == UNKNOWN_CODE


async def test_a_server_that_does_not_start_is_lost():
    for command in ((sys.executable, "-c", "raise SystemExit"), ("/nowhere/python",)):
        server = ForkServer((MODULE,), command=command)
        await lost(server.start())
        assert not server.is_there
        await server.close()


async def test_a_server_that_does_not_begin_in_time_is_ended():
    server = ForkServer((MODULE,), command=(sys.executable, "-c", "input()", "-"), start_limit_s=0.2)
    await lost(server.start())
    await until(lambda: not is_running(server.pid))


async def test_a_start_that_is_cancelled_leaves_no_server():
    server = ForkServer((MODULE,), command=(sys.executable, "-c", "input()", "-"))
    starting = asyncio.create_task(server.start())
    await until(lambda: server.pid is not None)
    starting.cancel()
    await asyncio.wait({starting})
    await until(lambda: not is_running(server.pid))


async def test_it_ends_when_its_supervisor_is_gone_and_what_it_has_forked_goes_on(server, start):
    process = await start("last")
    assert await said(process) == "begun"
    await server.close()
    await server.close()
    assert not is_running(server.pid)
    assert is_running(process.pid)
    process.stdin.close()
    assert await said(process) == "checkpoint"
    assert await process.wait() == UNKNOWN_CODE


async def test_a_mark_that_has_no_room_is_refused(server):
    with pytest.raises(NotForked, match="too long"):
        await server.fork(MODULE, "x" * (LONGEST_MARK + 1), (0, 1, 2))


async def test_a_module_that_it_does_not_know_fails_alone(server, start, capfd):
    reading, writing = socket.socketpair()
    with reading, writing:
        child = await server.fork("no.such.module", "task-1", (reading.fileno(), writing.fileno(), 2))
        assert await child.code == 1
    assert "KeyError: 'no.such.module'" in capfd.readouterr().err
    assert server.is_there


async def test_one_who_asks_and_is_cancelled_leaves_no_process(server, start, mark):
    os.kill(server.pid, signal.SIGSTOP)
    asking = asyncio.create_task(start("last", mark=mark))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    os.kill(server.pid, signal.SIGCONT)
    process = await start("end", 0)
    assert await process.wait() == 0
    await until(lambda: not process_tree.members(mark))


async def test_two_hundred_processes_leave_neither_descriptors_nor_processes_nor_memory(server, start):
    for _ in range(3):
        process = await start("end", 0)
        await process.wait()
        process.close()
    await asyncio.sleep(0)
    ours, theirs, size = ends_of_forks(), descriptors_of(server.pid), resident(server.pid)
    for _ in range(20):
        processes = [await start("end", 0) for _ in range(10)]
        for process in processes:
            assert await process.wait() == 0
            process.close()
    await until(lambda: ends_of_forks() <= ours)
    assert descriptors_of(server.pid) == theirs == 3
    assert children_of(server.pid) == []
    assert resident(server.pid) - size < 1024**2


def resident(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
