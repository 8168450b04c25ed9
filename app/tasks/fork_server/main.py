"""The fork server: `python -m app.tasks.fork_server.main MODULE...`, started by `client`.

It loads the modules once, which takes a second of processor time, and forks a process for each request. It has one
thread and no event loop, opens nothing, and never sees an order of a scan: that goes through the pipes, which it has
closed by then. Its input is the socket to the supervisor; when that ends, it ends. The processes that it has forked go
on, and see the end of their own input.

A module that may be asked for has a function `run_process`, which never returns. `preload`, where a module has it,
makes what does not depend on an order.
"""

import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

from app.core.heap import loading
from app.tasks import process_tree
from app.tasks.fork_server.protocol import READY, Message, answer, receive, send
from app.tasks.fork_server.shown_process import ShownProcess

STREAMS: Final = (0, 1, 2)
MODULE: Final = "app.tasks.fork_server.main"
Run = Callable[[], NoReturn]


def load(modules: Sequence[str]) -> dict[str, Run]:
    """Load everything that their processes need, and return what runs each."""
    runs: dict[str, Run] = {}
    with loading():
        for name in modules:
            module = import_module(name)
            preload = getattr(module, "preload", None)
            if preload is not None:
                preload()
            runs[name] = module.run_process
    return runs


def serve(control: socket.socket, runs: Mapping[str, Run], shown: ShownProcess) -> None:
    """Fork and reap until the supervisor is gone."""
    if threading.active_count() != 1:  # a lock that another one holds would never be free in a forked process
        raise RuntimeError(f"a module has started threads: {threading.enumerate()}")
    gc.collect()
    gc.freeze()  # what all processes share stays shared
    is_there = send(control, READY)
    while is_there:
        try:
            request = receive(control)
        except ConnectionResetError:  # it is gone, and has left an answer unread
            return
        if not request.fields:
            return
        if "reap" in request.fields:
            is_there = send(control, answer(request.fields, code=_reap(request.fields["reap"])))
        else:
            is_there = _fork(control, request, runs, shown)


def _reap(pid: int) -> int:
    """Return how it ended. Raises ChildProcessError for what is no process of ours."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _fork(control: socket.socket, request: Message, runs: Mapping[str, Run], shown: ShownProcess) -> bool:
    """Return False when the supervisor is gone."""
    try:
        pid = os.fork()
        if not pid:
            _become(request, runs, shown)
    except OSError as error:
        return send(control, answer(request.fields, error=str(error)))
    finally:
        for descriptor in request.descriptors:
            os.close(descriptor)
    process = os.pidfd_open(pid)
    try:
        return send(control, answer(request.fields, pid=pid), (process,))
    finally:
        os.close(process)


def _become(request: Message, runs: Mapping[str, Run], shown: ShownProcess) -> NoReturn:
    """Be the process that was asked for, as if it had been executed."""
    try:
        os.setsid()
        _take_streams(request.descriptors)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        _show(request.fields, shown)
        runs[request.fields["module"]]()
    except BaseException:  # noqa: BLE001 - the border of the process
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(1)


def _take_streams(descriptors: Sequence[int]) -> None:
    """The socket to the supervisor, which was the input, is closed with that."""
    for descriptor, stream in zip(descriptors, STREAMS, strict=True):
        os.dup2(descriptor, stream)
        os.close(descriptor)


def _show(fields: Mapping[str, Any], shown: ShownProcess) -> None:
    mark = fields["mark"]
    shown.show(value=mark or "", arguments=fields["module"])
    if mark is None:
        del os.environ[process_tree.MARK]
    else:
        os.environ[process_tree.MARK] = mark


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # it ends with its supervisor
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=STREAMS[0])
    shown = ShownProcess(variable=process_tree.MARK, argument=MODULE)
    serve(control, load(sys.argv[1:]), shown)


if __name__ == "__main__":
    main()
    os._exit(0)
