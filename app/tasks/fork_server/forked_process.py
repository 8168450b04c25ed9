"""A process that a fork server has forked: its pipes, its end. Fulfils `process_start.StartedProcess`."""

import asyncio
import os
import select
import signal
from contextlib import suppress
from io import FileIO
from typing import Final

from app.tasks.fork_server.client import Fork, ForkServer, NotForked

ERRORS: Final = 2  # go where ours go


class ForkedProcess:
    """Made by `fork`."""

    def __init__(
        self, forked: Fork, stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader, transport: asyncio.BaseTransport
    ) -> None:
        self.pid = forked.pid
        self.stdin, self.stdout = stdin, stdout
        self._forked = forked
        self._transport = transport  # of the output

    async def wait(self) -> int:
        return await asyncio.shield(self._forked.code)

    def kill_group(self) -> None:
        """Its id is nobody else's until it is reaped, for which its descriptor has told its end before."""
        if self._forked.descriptor < 0 or _has_ended(self._forked.descriptor):
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._forked.descriptor, signal.SIGKILL)  # it may not have its own group yet
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        self.stdin.close()
        self._transport.close()


async def fork(server: ForkServer, module: str, *, mark: str | None, line_limit: int) -> ForkedProcess:
    """Have the server fork a process. Raises ForkServerLost or NotForked."""
    try:
        (input_, to_input), (from_output, output) = _two_pipes()
    except OSError as error:
        raise NotForked(str(error)) from error
    ours = os.fdopen(to_input, "wb", 0), os.fdopen(from_output, "rb", 0)
    try:
        forked = await server.fork(module, mark, (input_, output, ERRORS))
        return await _connect(forked, *ours, line_limit)
    except BaseException:
        for pipe in ours:
            pipe.close()
        raise
    finally:
        os.close(input_)
        os.close(output)


def _two_pipes() -> tuple[tuple[int, int], tuple[int, int]]:
    first = os.pipe()
    try:
        return first, os.pipe()
    except OSError:
        for descriptor in first:
            os.close(descriptor)
        raise


async def _connect(forked: Fork, to_input: FileIO, from_output: FileIO, line_limit: int) -> ForkedProcess:
    loop = asyncio.get_running_loop()
    stdout = asyncio.StreamReader(limit=line_limit)
    reading, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), from_output)
    writing, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), to_input
    )
    return ForkedProcess(forked, asyncio.StreamWriter(writing, protocol, None, loop), stdout, reading)


def _has_ended(descriptor: int) -> bool:
    end = select.poll()
    end.register(descriptor, select.POLLIN)
    return bool(end.poll(0))
