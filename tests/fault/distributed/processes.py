"""Processes as the system shows them: descendants, memory, and who is left of a deployment."""

import os
import signal
from collections import defaultdict
from contextlib import suppress
from pathlib import Path


def tree_of(pid: int) -> list[int]:
    """The process and all its descendants, itself first."""
    children = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            children[parent].append(int(folder.name))
    found = [pid]
    for parent in found:
        found.extend(children[parent])
    return found


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """As when a machine dies, sleeps or wakes: all of them, the first one first."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def exists(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def with_variables(*beginnings: str) -> list[int]:
    """The processes of whose variables one, as `NAME=value`, begins with one of these."""
    wanted, found = tuple(beginning.encode() for beginning in beginnings), []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(variable.startswith(wanted) for variable in (folder / "environ").read_bytes().split(b"\0")):
                found.append(int(folder.name))
    return [pid for pid in found if exists(pid)]
