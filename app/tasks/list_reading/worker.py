"""The process that updates one list: `python -m app.tasks.list_reading.worker`, started by `process`.

The first line of its input is the order, the end of it means that the server is gone. One line is the answer.
"""

import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, Final

import orjson

from app.core.config import Settings
from app.core.file_permissions import set_private_umask
from app.core.logging import configure_logging
from app.domain.reputation_lists import ListFault, ListUpdate, list_order_of
from app.engines.analyse.reputation.layer import STARTER_ALLOW, load_list
from app.engines.identify.classify import service_domains
from app.engines.lists.update import update_list
from app.tasks.network_settings import network_config

MAX_MEMORY: Final = 2 * 1024**3  # bytes of address space; two million entries take 400 MB
MAX_CPU_S: Final = 300
MAX_FILE: Final = 1024**3  # bytes; two million entries are 100 MB
NICE: Final = 10  # scans and readers of reports go first


def run(line: bytes) -> ListUpdate:
    """Carry out an order."""
    said: dict[str, Any] = orjson.loads(line)
    settings = Settings(**said["settings"])
    configure_logging(settings.log_level, settings.log_format)
    try:
        return update_list(list_order_of(said["order"]), network_config(settings), services=known_services())
    except MemoryError:
        return ListUpdate(fault=ListFault.FAILED)


def known_services() -> Iterator[str]:
    """Yield the domains of the shipped tables, which no block list may name."""
    yield from service_domains()
    yield from (entry.name for entry in load_list(STARTER_ALLOW))


def end_with_server() -> None:
    """End this process when the server is gone, whatever it is doing."""
    sys.stdin.buffer.read(1)
    os._exit(0)


def limit() -> None:
    """Bound what the process may take."""
    os.nice(NICE)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a terminal's Ctrl-C is the server's business, and we end with it
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails instead
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE, MAX_FILE))


def main() -> None:
    set_private_umask()
    limit()
    answer = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints
    line = sys.stdin.buffer.readline()
    threading.Thread(target=end_with_server, daemon=True).start()
    os.write(answer, orjson.dumps(run(line).to_json()) + b"\n")


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # the thread that waits for the server's end would keep a lock of the input
