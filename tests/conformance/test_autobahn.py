"""The cases of the Autobahn suite, by `kosoku`, against an echo application on our protocol class (RFC 6455)."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
import uvloop
from kosoku import FailureError, run_fuzzingclient

from tests.conformance.echo import build_config

COMPRESSION = ("12.*", "13.*")  # permessage-deflate is off (protocol.md, section 6): the same bytes serve everybody
# All the rest, in parts that say by their names what broke.
PARTS = {
    "framing": ["1.*"],
    "pings and pongs": ["2.*"],
    "reserved bits": ["3.*"],
    "opcodes": ["4.*"],
    "fragmentation": ["5.*"],
    "UTF-8": ["6.*"],
    "closing": ["7.*"],
    "limits and performance": ["9.*"],
    "everything else": ["*"],
}
PARALLEL = 4


@asynccontextmanager
async def running_echo() -> AsyncIterator[int]:
    """The port of the server."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(build_config())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


async def find_failures(include: list[str], exclude: list[str]) -> str:
    """What did not pass, a line each."""
    async with running_echo() as port, asyncio.timeout(240):
        try:
            await run_fuzzingclient(f"127.0.0.1:{port}", include, exclude, concurrency=PARALLEL)
        except FailureError as failure:
            return str(failure)
        return ""


@pytest.mark.parametrize("part", list(PARTS))
def test_no_case_fails(part):
    others = [case for name, cases in PARTS.items() if name != part for case in cases if case != "*"]
    exclude = [*COMPRESSION, *(others if part == "everything else" else [])]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(find_failures(PARTS[part], exclude)) == ""
