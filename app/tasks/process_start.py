"""How a process of ours is started, and what its starter has of it. `tasks.fork_server` knows a cheaper way."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from app.tasks import process_tree

INTERPRETER: Final = (sys.executable, "-P", "-m")  # -P: never an `app` of the current folder
DEFAULT_LINE_LIMIT: Final = 64 * 1024


class ProcessNotStarted(Exception):
    """The system gave us no process: no descriptors, no memory, a program that may not be run. Nobody's loss."""


class StartedProcess(Protocol):
    """A process whose input and output are pipes, in a session of its own: Ctrl-C of the terminal is ours alone.

    `asyncio.subprocess.Process` is one, but for `kill_group` and `close`.
    """

    @property
    def pid(self) -> int: ...

    @property
    def stdin(self) -> asyncio.StreamWriter: ...

    @property
    def stdout(self) -> asyncio.StreamReader: ...

    async def wait(self) -> int:
        """Return the exit code; negative: the signal that ended it; `UNKNOWN_CODE`: nobody knows it."""
        ...

    def kill_group(self) -> None:
        """End the process and its group, unless it has ended."""
        ...

    def close(self) -> None:
        """Let go of the pipes."""
        ...


class ProcessStarter(Protocol):
    """Event loop only."""

    async def start(
        self, command: Sequence[str], *, mark: str | None = None, line_limit: int = DEFAULT_LINE_LIMIT
    ) -> StartedProcess:
        """Start a program. `mark` is what `process_tree` finds it by; of our environment it gets what is allowed.
        `line_limit`: bytes that a line of its output may have.

        Raises:
            ProcessNotStarted: there is no process.
        """
        ...

    async def close(self) -> None:
        """Let go of what starts processes, not of processes. May be called twice."""
        ...


def command_of(module: str) -> tuple[str, ...]:
    """Return the command that runs a module of ours."""
    return (*INTERPRETER, module)


def processes_have_descriptors() -> bool:
    """Tell whether the system gives descriptors of processes: Linux does from 5.3 on, where no filter forbids it."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


class ExecutedProcess:
    """Fulfils `StartedProcess`."""

    def __init__(self, process: asyncio.subprocess.Process, transport: asyncio.SubprocessTransport) -> None:
        assert process.stdin is not None  # asked for below
        assert process.stdout is not None
        self._process = process
        self._transport = transport
        self.pid = process.pid
        self.stdin, self.stdout = process.stdin, process.stdout

    async def wait(self) -> int:
        return await self._process.wait()

    def kill_group(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the pipes, and kill what still runs. Otherwise asyncio may do so when the event loop is closed."""
        self._transport.close()


async def execute(
    *command: str, limit: int, env: Mapping[str, str]
) -> tuple[asyncio.subprocess.Process, asyncio.SubprocessTransport]:
    """Do what `asyncio.create_subprocess_exec` does, and keep the transport: it alone can close the pipes.

    It has pipes, and a session of its own. `limit`: bytes that a line of its output may have. Raises OSError when it
    cannot be executed.
    """
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: asyncio.subprocess.SubprocessStreamProtocol(limit=limit, loop=loop),
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=None,  # ours
        env=env,
        start_new_session=True,
    )
    return asyncio.subprocess.Process(transport, protocol, loop), transport


class ExecutingStarter:
    """Has the system load the program. Fulfils `ProcessStarter`."""

    async def start(
        self, command: Sequence[str], *, mark: str | None = None, line_limit: int = DEFAULT_LINE_LIMIT
    ) -> StartedProcess:
        allowed = process_tree.allowed(os.environ)
        try:
            environment = allowed if mark is None else {**allowed, process_tree.MARK: mark}
            process, transport = await execute(*command, limit=line_limit, env=environment)
        except OSError as error:  # its number says nothing: uvloop makes -1 of "too many open files"
            raise ProcessNotStarted(str(error)) from error
        return ExecutedProcess(process, transport)

    async def close(self) -> None:
        """There is nothing to let go of."""
