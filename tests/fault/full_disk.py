"""Scans on a file system of 12 MiB that something else fills: run in a mount namespace of its own, where it mounts one.

`python -m tests.fault.full_disk CASE DATA_DIR SETTINGS_JSON`; exit code 0 when nothing was lost. Cases:

- `running`: the disk of the data folder is full during a scan.
- `waiting`: it is full while the whole queue waits.
- `stores`: the disk of the scans alone is full while the queue waits, so that the database can say so.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from app.core.config import Settings
from app.core.logging import configure_logging
from tests.support.realtime import until
from tests.support.scan_backend import CALM, FAST, ScanBackend, assert_sound, only_waited, scan_backend, stage_runs

SIZE = "12m"  # the write-ahead log alone may take 4
FULL_S = 4.0  # and who could not write for half of that would be lost
TASKS = 3


async def running(data_dir: Path, settings: str) -> None:
    async with scan_backend(data_dir, **FAST, **json.loads(settings)) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("third_party"))
        fill(data_dir / "ballast")
        await asyncio.sleep(FULL_S)
        row = backend.row(task_id)
        assert (row.status, row.attempt) == ("running", 1)
        (data_dir / "ballast").unlink()
        row = await backend.finished(task_id)
        assert (row.status, row.attempt) == ("completed", 1), row.status
        assert_sound(backend, task_id)
        assert len(backend.violations(task_id)) == 3


async def waiting(data_dir: Path, settings: str) -> None:
    await wait_for_room(data_dir, data_dir / "ballast", settings)


async def stores(data_dir: Path, settings: str) -> None:
    await wait_for_room(data_dir, data_dir / "scans" / "ballast", settings, are_told=2)


async def wait_for_room(data_dir: Path, ballast: Path, settings: str, *, are_told: int = 0) -> None:
    """Nothing starts while the disk is full, nothing is lost by it, and afterwards all goes on by itself. So many are
    told meanwhile why they wait.
    """

    def is_told(task_id: str) -> bool:
        return any('"no_resources"' in event.body for event in backend.events(task_id))

    backend = ScanBackend(Settings(data_dir=data_dir, **{**CALM, "max_requeues": 0, **json.loads(settings)}))
    backend.prepare()
    tasks = [await backend.create() for _ in range(TASKS)]
    fill(ballast)
    await backend.start()
    await asyncio.sleep(2 * FULL_S)
    await until(lambda: all(map(is_told, tasks[:are_told])))
    only_waited(backend, tasks)
    await asyncio.to_thread(ballast.unlink)
    for task_id in tasks:
        row = await backend.finished(task_id, within_s=120)
        assert (row.status, row.attempt, row.requeues) == ("completed", 1, 0), (row.status, row.error)
        assert_sound(backend, task_id)
    await backend.stop()


def fill(path: Path) -> None:
    """Until nothing fits any more."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(os.urandom(size))
            except OSError:
                continue


CASES = {"running": running, "waiting": waiting, "stores": stores}


def main() -> None:
    configure_logging("WARNING")
    case, data_dir, settings = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    mount_point = data_dir / "scans" if case == "stores" else data_dir
    mount_point.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", mount_point], check=True)
    asyncio.run(CASES[case](data_dir, settings))


if __name__ == "__main__":
    main()
