"""Forks `compliance` from a process that has loaded all of it: `python -m tests.support.program_server KIND`.

Each server that a test starts would load the program for two seconds; `KIND` says what is loaded, Celery for workers
alone. Its input is a SOCK_SEQPACKET socket. A request has words, environment and folder of the program, with its three
streams; the answer has its id, with its descriptor. `reap` asks for the exit code. A request for `parsers` has their
control socket, over which the order comes.

Servers that are forked here start the process of reports for the first one: most are never asked for any.
"""

import atexit
import gc
import json
import os
import pkgutil
import signal
import socket
import sys
import threading
import time
from importlib import import_module
from typing import Any, NoReturn

import app.cli
from app.core.heap import loading
from app.engines.parsing import launch
from app.engines.parsing.jobs import Jobs
from app.tasks.report_process import process as report_process

MAX_MESSAGE = 128 * 1024
STREAMS = (0, 1, 2)
NEEDS_CELERY = "app.cli.worker"
PROGRAM, WORKER = "program", "worker"


def load(kind: str) -> None:
    with loading():
        if kind == WORKER:
            for name in (NEEDS_CELERY, "app.cli.commands", "app.compose.worker", "app.worker"):
                import_module(name)
        else:
            load_program()
            report_process.WARM_UP_AFTER_S = 86_400.0  # type: ignore[misc] # a second of processor time for each server


def load_program() -> None:
    for module in pkgutil.walk_packages(app.cli.__path__, "app.cli."):
        if module.name not in (NEEDS_CELERY, "app.cli.__main__"):
            import_module(module.name)
    import_module("app.server")
    import_module("app.tasks.supervisor.embedded_runner")
    Jobs(target="sample.example").prepare()


def serve(control: socket.socket) -> None:
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()
    control.send(b"{}")
    while True:
        said, descriptors, _, _ = socket.recv_fds(control, MAX_MESSAGE, len(STREAMS))
        if not said:
            return
        request = json.loads(said)
        if "reap" in request:
            code = os.waitstatus_to_exitcode(os.waitpid(request["reap"], 0)[1])
            control.send(json.dumps({"code": code}).encode())
            continue
        pid = os.fork()
        if not pid:
            if "parsers" in request:
                launch._wait_and_serve(socket.socket(fileno=descriptors[0]), 0)
            become(request, descriptors)
        process = os.pidfd_open(pid)
        socket.send_fds(control, [json.dumps({"pid": pid}).encode()], [process])
        for descriptor in (process, *descriptors):
            os.close(descriptor)


def become(request: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """Do as an interpreter does from its start to its end."""
    for descriptor, stream in zip(descriptors, STREAMS, strict=True):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ |= request["environment"]
    time.tzset()
    os.chdir(request["folder"])
    sys.argv = ["compliance", *request["words"]]
    code = 1
    try:
        code = app.cli.main()
    except BaseException:  # noqa: BLE001 - the border of the process
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()  # type: ignore[attr-defined] # as at the end of an interpreter
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    load(sys.argv[1])
    serve(socket.socket(fileno=STREAMS[0]))
