"""A scan on a file system of 3 MiB that something else fills: run in a mount namespace of its own, where it mounts one.

`python -m tests.fault.full_disk DATA_DIR SETTINGS_JSON`; exit code 0 when nothing was lost.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.scan_house import assert_sound, scan_house, stage_runs

SIZE = "3m"
FULL_S = 4.0


async def scan(data_dir: Path, settings: str) -> None:
    async with scan_house(data_dir, **json.loads(settings)) as house:
        task_id = await house.create()
        await house.until(task_id, stage_runs("third_party"))
        fill(data_dir / "ballast")
        await asyncio.sleep(FULL_S)
        row = house.row(task_id)
        assert (row.status, row.attempt) == ("running", 1)
        (data_dir / "ballast").unlink()
        row = await house.finished(task_id)
        assert (row.status, row.attempt) == ("completed", 1), row.status
        assert_sound(house, task_id)
        assert len(house.findings(task_id)) == 3


def fill(path: Path) -> None:
    """Until nothing fits any more."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(os.urandom(size))
            except OSError:
                continue


def main() -> None:
    data_dir, settings = Path(sys.argv[1]), sys.argv[2]
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", data_dir], check=True)
    asyncio.run(scan(data_dir, settings))


if __name__ == "__main__":
    main()
