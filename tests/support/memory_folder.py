"""Where the files of tests lie: in memory, where there is enough of it.

The tests write some gigabytes and remove them again. On a disk that costs a sixth of their time, and whenever it is
busy with removing, a commit of one test waits for seconds that count as the time of what another one looks at.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

FOLDER: Final = Path("/dev/shm")
FREE_BYTES: Final = 8 << 30  # what all tests leave at a time is less
AVAILABLE_KIB: Final = 14 << 20  # files and six processes of tests with their browsers and databases
MEMORY: Final = Path("/proc/meminfo")


def keep_files_in_memory(folder: Path = FOLDER, memory: Path = MEMORY) -> bool:
    """Let temporary files of this process, and of those that it starts, lie in memory; whether they will.

    They do not where somebody has chosen a place (`TMPDIR`), or where there is too little room.
    """
    if "TMPDIR" in os.environ or not _has_room(folder, memory):
        return False
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return True


def _has_room(folder: Path, memory: Path) -> bool:
    try:
        lines = dict(line.split(":", 1) for line in memory.read_text(encoding="ascii").splitlines())
        free = shutil.disk_usage(folder).free
        is_closed_to_programs = os.statvfs(folder).f_flag & os.ST_NOEXEC  # as in containers; tests put programs there
    except OSError:  # another system, or a container without them
        return False
    available_kib = int(lines.get("MemAvailable", "0").split()[0])
    is_usable = os.access(folder, os.W_OK) and not is_closed_to_programs
    return is_usable and free >= FREE_BYTES and available_kib >= AVAILABLE_KIB
