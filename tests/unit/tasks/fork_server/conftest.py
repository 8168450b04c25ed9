import json
from contextlib import suppress
from pathlib import Path

import pytest

from app.tasks.fork_server.client import ForkServer, ForkServerLost
from app.tasks.fork_server.forked_process import fork
from tests.support.forked_program import MODULE


@pytest.fixture
async def server():
    """A started fork server that knows the program of tests."""
    server = ForkServer((MODULE,), answer_limit_s=20.0)
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def start(server):
    """Fork a process, and tell it what to do. Our ends of its pipes are closed after the test."""
    started = []

    async def start(*words, mark="task-1", server=server):
        process = await fork(server, MODULE, mark=mark, line_limit=1 << 20)
        started.append(process)
        process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        return process

    yield start
    for process in started:
        process.close()


async def said(process):
    """The next line of its output."""
    return json.loads(await process.stdout.readline())


def is_running(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def descriptors_of(pid):
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def ends_of_forks():
    """How many ends of pipes and descriptors of processes we have; what other tests of the run open does not count."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found += str(entry.readlink()).startswith(("pipe:", "anon_inode:[pidfd]"))
    return found


def shown_by(pid):
    """Its environment."""
    return Path(f"/proc/{pid}/environ").read_text()


async def lost(work):
    with pytest.raises(ForkServerLost):
        await work
