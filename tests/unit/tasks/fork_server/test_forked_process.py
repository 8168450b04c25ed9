"""What a supervisor has of a forked process."""

import asyncio
import os
import signal

import pytest

from app.tasks.fork_server.client import UNKNOWN_CODE, NotForked
from app.tasks.fork_server.forked_process import fork
from tests.support.forked_program import MODULE
from tests.support.realtime import until
from tests.unit.tasks.fork_server.conftest import ends_of_forks, is_running, lost, said


@pytest.mark.parametrize(
    ("words", "code"), [(("end", 0), 0), (("end", 4), 4), (("fail",), 1), (("die",), -signal.SIGKILL)]
)
async def test_the_exit_code_comes_back(start, words, code, capfd):
    process = await start(*words)
    assert await process.wait() == code
    assert ("ValueError: this program fails" in capfd.readouterr().err) == (words == ("fail",))


async def test_errors_go_where_ours_go(start, capfd):
    process = await start("write_errors")
    await process.wait()
    assert capfd.readouterr().err == "to the errors\n"


async def test_the_end_of_the_server_does_not_end_what_it_has_forked(server, start):
    process = await start("last")
    assert await said(process) == "begun"
    os.kill(server.pid, signal.SIGKILL)
    await until(lambda: not server.is_there)
    assert is_running(process.pid)
    process.stdin.close()
    assert await said(process) == "checkpoint"
    assert await process.wait() == UNKNOWN_CODE
    await lost(server.fork(MODULE, "task-1", (0, 1, 2)))


async def test_a_process_whose_server_died_can_be_killed(server, start):
    process = await start("last")
    assert await said(process) == "begun"
    os.kill(server.pid, signal.SIGKILL)
    await until(lambda: not server.is_there)
    process.kill_group()
    assert await process.wait() == UNKNOWN_CODE
    process.kill_group()  # it is nobody's any more, and nothing happens
    await until(lambda: not is_running(process.pid))


async def test_killing_ends_its_group_too(start):
    process = await start("descend")
    other = await said(process)
    process.kill_group()
    assert await process.wait() == -signal.SIGKILL
    await until(lambda: not is_running(other))


async def test_it_can_be_killed_before_it_has_a_group_of_its_own(start):
    process = await start("last")
    process.kill_group()  # at once
    assert await process.wait() == -signal.SIGKILL


async def test_its_input_and_output_are_pipes_that_end_with_it(start):
    process = await start("last")
    assert [await said(process), process.stdout.at_eof()] == ["begun", False]
    process.stdin.write(b"x" * 100_000)
    await process.stdin.drain()
    process.stdin.close()
    assert await said(process) == "checkpoint"
    assert await process.stdout.read() == b""
    assert await process.wait() == 3


async def test_a_line_may_be_as_long_as_was_said(server):
    process = await fork(server, MODULE, mark="task-1", line_limit=8)
    process.stdin.write(b"tell\n")
    with pytest.raises(ValueError, match="limit"):
        await process.stdout.readline()
    assert await process.wait() == 0
    process.close()


async def test_one_that_was_let_go_leaves_no_descriptor(server, start):
    before = ends_of_forks()
    process = await start("last")
    assert await said(process) == "begun"
    process.close()
    assert await process.wait() in (1, 3)  # its checkpoint may just have found the pipe open
    await until(lambda: ends_of_forks() <= before)


async def test_without_descriptors_there_is_none_and_none_is_kept(server, monkeypatch):
    before, pipe, made = ends_of_forks(), os.pipe, []

    def one_pipe():
        if made:
            raise OSError("too many open files")
        made.append(pipe())
        return made[-1]

    monkeypatch.setattr("app.tasks.fork_server.forked_process.os.pipe", one_pipe)
    with pytest.raises(NotForked, match="too many open files"):
        await fork(server, MODULE, mark="task-1", line_limit=8)
    assert ends_of_forks() == before


async def test_one_who_waits_may_give_up(start):
    process = await start("last")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.wait(), 0.05)
    process.stdin.close()
    assert await process.wait() == 3
