"""A server whose last descriptor is taken while tasks wait: in a process of its own, whose limit it lowers.

`python -m tests.fault.no_descriptors DATA_DIR SETTINGS_JSON`; exit code 0 when every task only waited.
"""

import asyncio
import json
import os
import resource
import sys
import threading
from pathlib import Path

import uvloop
from sqlalchemy import Connection

from app.core.db import READ_THREADS
from app.core.logging import configure_logging
from tests.support.scan_backend import FAST, ScanBackend, assert_sound, only_waited, scan_backend

DESCRIPTORS = 256
TASKS = 3
STARVED_S = 5.0  # several rounds of starts


async def scan(data_dir: Path, settings: str) -> None:
    async with scan_backend(data_dir, max_requeues=0, **FAST, **json.loads(settings)) as backend:
        await connect_all(backend)
        taken = take_all()
        tasks = [await backend.create() for _ in range(TASKS)]
        await asyncio.sleep(STARVED_S)
        only_waited(backend, tasks)
        for descriptor in taken:
            os.close(descriptor)
        for task_id in tasks:
            row = await backend.finished(task_id, within_s=120)
            assert (row.status, row.attempt, row.requeues) == ("completed", 1, 0), row.status
            assert_sound(backend, task_id)
        assert any('"no_resources"' in event.body for event in backend.events(tasks[0]))


async def connect_all(backend: ScanBackend) -> None:
    """As after some minutes of service: the database's connections are open."""
    meeting = threading.Barrier(READ_THREADS + 1)

    def work(_: Connection) -> None:
        meeting.wait(10)

    async with asyncio.TaskGroup() as group:
        group.create_task(backend.db.write(work))
        for _ in range(READ_THREADS):
            group.create_task(backend.db.read(work))


def take_all() -> list[int]:
    """Every descriptor that is left."""
    taken: list[int] = []
    while True:
        try:
            taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return taken


def main() -> None:
    configure_logging("WARNING")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scan(Path(sys.argv[1]), sys.argv[2]))


if __name__ == "__main__":
    main()
