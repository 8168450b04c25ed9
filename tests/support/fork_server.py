"""One fork server for all scans of a run of tests: loading what a scan needs takes a second of processor time."""

import asyncio
import atexit
import itertools
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from app.tasks.fork_server.client import ForkServer
from app.tasks.fork_server.starter import ForkingStarter
from app.tasks.supervisor import worker_handle

CLOSE_LIMIT_S = 60.0  # one that is measured writes its figures first
_kept: dict[tuple[str, ...], tuple["subprocess.Popen[bytes]", socket.socket]] = {}  # by their modules
_numbers = itertools.count(1_000, 1_000)  # of requests: an answer to one of an earlier test is nobody's


def shared_starter() -> ForkingStarter:
    """Return what starts scans as a server does, but for whose fork server it is."""
    return ForkingStarter((worker_handle.MODULE,), make_server=SharedForkServer)


class SharedForkServer(ForkServer):
    """Stays when it is closed, for the next one who starts it; one that is lost is nobody's."""

    def __init__(self, modules: Sequence[str]) -> None:
        super().__init__(modules, answer_limit_s=60.0)  # of a machine on which tests run
        self._key = tuple(modules)
        self._number = next(_numbers)

    async def start(self) -> None:
        kept = _kept.get(self._key)
        if kept is None or kept[0].poll() is not None:
            await super().start()
            assert self._process is not None
            assert self._control is not None
            _kept[self._key] = self._process, self._control
            return
        self._process, self._control = kept
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        self._ready.set_result(None)
        loop.add_reader(self._control, self._on_message)

    def _lose(self, reason: str) -> None:
        if self._control is not None:
            _kept.pop(self._key, None)
        super()._lose(reason)

    async def close(self) -> None:
        control, self._control = self._control, None
        if control is not None:
            asyncio.get_running_loop().remove_reader(control)


@atexit.register
def end_all() -> None:
    while _kept:
        _, (process, control) = _kept.popitem()
        control.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(CLOSE_LIMIT_S)
