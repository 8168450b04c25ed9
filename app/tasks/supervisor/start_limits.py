"""How many processes may be starting at the same time, and when one that starts is given up.

A start is imports: half a second of a processor, which on an overloaded machine takes minutes. So it is measured by the
processor time that it got, and a machine that has too much to do is not given more to start.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

CPU_S: Final = 20.0  # of a start, twenty to forty times what it takes
# Of one that waits for something that does not come (a disk, a lock), and of machines without /proc.
WALL_S: Final = 600.0
_PROC: Final = Path("/proc")
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12  # fields of `stat` behind the name (proc(5): 14 and 15)


def machine_load() -> float:
    """Return how many processes have run, or waited for a processor or a disk, on average over the last minute."""
    return os.getloadavg()[0]


def starts_at_once(most: int, *, load: float, processors: int) -> int:
    """Return how many of `most` processes may be starting at once: all while there is a processor for each that wants
    one, then fewer as the load grows, and always one.
    """
    if load <= processors:
        return most
    return max(1, int(most * processors / load))


def processor_s(pid: int) -> float | None:
    """Return the processor time that the process has had, in seconds; None where nobody knows."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_PER_S
    except (OSError, ValueError, IndexError):
        return None


def is_start_over(wall_s: float, pid: int, cpu_s: Callable[[int], float | None] = processor_s) -> bool:
    """Return whether a process that has been starting for so long has had what a start may take."""
    return wall_s >= WALL_S or (cpu_s(pid) or 0.0) >= CPU_S
