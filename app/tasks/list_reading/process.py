"""The server's side of the process that updates one list: fulfils `lists.updater.UpdateList`."""

import asyncio
import os
import signal
from contextlib import suppress
from typing import Final

import orjson
import structlog

from app.core.config import Settings
from app.domain.reputation_lists import ListFault, ListOrder, ListUpdate, list_update_of
from app.tasks import process_tree
from app.tasks.process_start import command_of, execute

MODULE: Final = "app.tasks.list_reading.worker"
LIMIT_S: Final = 600.0  # two million entries take half a minute of processor time, on a busy machine some minutes
END_S: Final = 2.0  # a killed process ends in milliseconds; one that the kernel holds longer must not hold the server
MAX_ANSWER: Final = 1 << 20
# What an update reads of the settings: how the scanner's network is reached, and nothing secret.
NETWORK_SETTINGS: Final = frozenset(
    {"resolvers", "allow_networks", "ca_file", "port_map", "static_hosts", "user_agent", "log_level", "log_format"}
)
log = structlog.get_logger(__name__)


async def update_in_process(
    order: ListOrder, settings: Settings, *, limit_s: float = LIMIT_S, module: str = MODULE
) -> ListUpdate:
    """Start the process, and return what it says. One that dies or takes too long is a fault of the update."""
    try:
        process, transport = await _start(module)
    except OSError as error:
        log.warning("list_process_not_started", reason=str(error))
        return ListUpdate(fault=ListFault.FAILED)
    try:
        async with asyncio.timeout(limit_s):
            return await _ask(process, order, settings)
    except (TimeoutError, ValueError, KeyError, TypeError) as error:
        log.warning("list_process_failed", name=order.definition.name, reason=type(error).__name__)
        return ListUpdate(fault=ListFault.FAILED)
    finally:
        await _end(process, transport)


async def _start(module: str) -> tuple[asyncio.subprocess.Process, asyncio.SubprocessTransport]:
    return await execute(*command_of(module), limit=MAX_ANSWER, env=process_tree.allowed(os.environ))


async def _ask(process: asyncio.subprocess.Process, order: ListOrder, settings: Settings) -> ListUpdate:
    """Raises ValueError, KeyError or TypeError when it ended without an answer."""
    assert process.stdin is not None  # asked for above
    assert process.stdout is not None
    values = settings.model_dump(mode="json", include=set(NETWORK_SETTINGS))
    with suppress(ConnectionError):  # it has ended: what it said, or that it said nothing, is read below
        process.stdin.write(orjson.dumps({"order": order.to_json(), "settings": values}) + b"\n")
        await process.stdin.drain()
    return list_update_of(orjson.loads(await process.stdout.readline()))


async def _end(process: asyncio.subprocess.Process, transport: asyncio.SubprocessTransport) -> None:
    """Leave no process and no pipe behind. Takes at most END_S.

    What it has started may keep the pipe open and write to it: nothing of that is read or awaited.
    """
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.stdin is not None  # asked for above
    process.stdin.close()
    answer = transport.get_pipe_transport(1)
    assert answer is not None
    answer.close()  # asyncio's own loop ends no wait for the process before
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:  # it is killed: the loop, which has its number, reaps it when the kernel lets it go
        log.warning("list_process_still_running", pid=process.pid)
