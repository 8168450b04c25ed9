"""When processes are forked, and when they are executed."""

import asyncio
import os
import signal
import sys

import pytest

from app.tasks import process_tree
from app.tasks.fork_server.client import ForkServer
from app.tasks.fork_server.starter import EXECUTED, FORKED, ForkingStarter
from app.tasks.process_start import ProcessNotStarted, command_of
from tests.support.forked_program import MODULE
from tests.support.realtime import until
from tests.unit.tasks.fork_server.conftest import is_running, said

COMMAND = command_of(MODULE)
BROKEN = (sys.executable, "-c", "raise SystemExit(1)")


class Time:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def made():
    """The servers."""
    return []


@pytest.fixture
async def make(made, time):
    """A starter, and the ways of its starts."""
    starters = []

    def make(**options):
        def make_server(modules):
            made.append(ForkServer(modules, **options))
            return made[-1]

        ways = []
        starters.append(ForkingStarter((MODULE,), count=ways.append, make_server=make_server, monotonic=time))
        return starters[-1], ways

    yield make
    for starter in starters:
        await starter.close()


def refuse(_pid):
    raise OSError(38, "Function not implemented")


async def ended(starter, *words, mark="task-1"):
    """Start a process that does this; return its code."""
    process = await starter.start(COMMAND, mark=mark)
    process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
    code = await process.wait()
    process.close()
    return code


async def test_what_the_server_knows_is_forked_and_everything_else_is_executed(make, made):
    starter, ways = make()
    assert await ended(starter, "end", 5) == 5
    process = await starter.start(
        (sys.executable, "-c", "import os; print(os.environ['DOMAIN_SCAN_MARK'])"), mark="x-1"
    )
    assert await process.stdout.read() == b"x-1\n"
    assert await process.wait() == 0
    assert ways == [FORKED, EXECUTED]
    assert len(made) == 1


async def test_there_is_no_server_before_something_is_started(make, made):
    starter, _ = make()
    assert (made, starter.server_pid) == ([], None)
    await ended(starter, "end", 0)
    assert is_running(starter.server_pid)


async def test_those_who_start_at_once_wait_for_one_server(make, made):
    starter, ways = make()
    assert await asyncio.gather(*(ended(starter, "end", code) for code in range(5))) == [0, 1, 2, 3, 4]
    assert (len(made), ways) == (1, [FORKED] * 5)


async def test_an_executed_process_is_the_same_to_its_starter(make):
    starter, ways = make(command=BROKEN)
    process = await starter.start(COMMAND, mark="task-9-1")
    process.stdin.write(b"tell\n")
    told = await said(process)
    assert told["session"] == process.pid
    assert told["environment"][process_tree.MARK] == "task-9-1"
    assert await process.wait() == 0
    assert ways == [EXECUTED]


async def test_a_server_that_was_killed_is_followed_by_another_at_once(make, made):
    starter, ways = make()
    await ended(starter, "end", 0)
    os.kill(starter.server_pid, signal.SIGKILL)
    await until(lambda: starter.server_pid is None)
    await ended(starter, "end", 0)
    assert (len(made), ways) == (2, [FORKED] * 2)


async def test_a_server_that_died_unnoticed_costs_no_start(make):
    starter, ways = make()
    await ended(starter, "end", 0)
    process = starter._server._process
    process.kill()
    process.wait()  # while our loop does nothing else
    assert await ended(starter, "end", 0) == 0
    assert ways == [FORKED, EXECUTED]


async def test_a_frozen_server_costs_no_start_and_is_followed_by_another(make, made):
    starter, ways = make(answer_limit_s=20)
    await ended(starter, "end", 0)
    frozen = starter.server_pid
    os.kill(frozen, signal.SIGSTOP)
    made[0]._answer_limit_s = 0.3  # of the frozen one alone: a healthy one may take longer on a busy machine
    assert await ended(starter, "end", 3) == 3
    await until(lambda: not is_running(frozen))
    assert await ended(starter, "end", 4) == 4
    assert ways == [FORKED, EXECUTED, FORKED]


async def test_a_server_that_cannot_live_is_tried_again_after_pauses_that_double(make, made, time):
    starter, ways = make(command=BROKEN)
    for seconds, servers in [(0, 1), (1, 1), (1.1, 2), (3, 2), (1.1, 3), (7, 3), (1.1, 4)]:
        time.now += seconds
        assert await ended(starter, "end", 7) == 7
        assert len(made) == servers
    for _ in range(8):
        time.now += 60
        await ended(starter, "end", 7)
    assert len(made) == 12
    assert set(ways) == {EXECUTED}


async def test_after_its_end_all_is_executed(make, made):
    starter, ways = make()
    await ended(starter, "end", 0)
    pid = starter.server_pid
    await starter.close()
    await starter.close()
    assert not is_running(pid)
    assert await ended(starter, "end", 0) == 0
    assert (len(made), ways) == (1, [FORKED, EXECUTED])


@pytest.mark.parametrize("is_refused", [False, True])
async def test_where_processes_have_no_descriptors_all_is_executed(make, made, monkeypatch, is_refused):
    if is_refused:  # by an old kernel, or a filter of a container
        monkeypatch.setattr(os, "pidfd_open", refuse)
    else:
        monkeypatch.delattr(os, "pidfd_open")
    starter, ways = make()
    assert await ended(starter, "end", 0) == 0
    assert (made, ways) == ([], [EXECUTED])


async def test_without_either_there_is_no_process(make):
    starter, ways = make(command=BROKEN)
    with pytest.raises(ProcessNotStarted):
        await starter.start(("/nowhere/program",), mark="task-1")
    assert ways == []


async def test_what_the_server_cannot_do_is_executed(make, monkeypatch):
    starter, ways = make()
    await ended(starter, "end", 0)
    assert await ended(starter, "end", 2, mark="x" * 200) == 2
    assert ways == [FORKED, EXECUTED]
