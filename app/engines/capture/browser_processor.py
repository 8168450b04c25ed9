"""How long a browser waited for a processor: on a busy machine a page's time passes while nothing of it is computed.

The kernel says of each thread how long it could have run and did not (`schedstat`). What waits for the network, a timer
or a lock does not wait for a processor, and is not counted; nor is what a browser's own threads take from each other
while all of them together have a processor.
"""

import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.engines.capture.browser_memory import PROC

MAX_THREADS: Final = 5_000  # of one browser that are looked at; a page starts as many as it likes
_TICKS: Final = os.sysconf("SC_CLK_TCK")  # in a second
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ProcessorTimes:
    """Since each process or thread began, in seconds."""

    ran: dict[int, float] = field(default_factory=dict)  # by process, ended threads included
    waited: dict[int, float] = field(default_factory=dict)  # by thread


ReadTimes = Callable[[], Awaitable[ProcessorTimes]]


async def no_times() -> ProcessorTimes:
    """Where nobody can tell, nothing is given back."""
    return ProcessorTimes()


def times_of(pids: Iterable[int], proc: Path = PROC) -> ProcessorTimes:
    """Return those of the processes; without those that are gone, or that this system does not tell of."""
    times = ProcessorTimes()
    for pid in pids:
        try:
            times.ran[pid] = _ran(proc / str(pid))
            for thread in (proc / str(pid) / "task").iterdir():
                if len(times.waited) >= MAX_THREADS:
                    break
                times.waited[int(thread.name)] = int((thread / "schedstat").read_text().split()[1]) / _NS
        except (OSError, ValueError, IndexError):
            continue  # it ended while we looked
    return times


def starved_s(before: ProcessorTimes, now: ProcessorTimes, elapsed_s: float) -> float:
    """Return how much of the time in between was no time to work in.

    That is what the thread waited that waited longest: what others waited meanwhile is the same time. What a processor
    computed for the browser, whichever of its threads that was for, is not: a page that keeps its processor busy works.
    """
    waited_s = _longest(before.waited, now.waited)
    ran_s = sum(_grown(before.ran, now.ran))
    return max(0.0, min(waited_s, elapsed_s - ran_s))


def _longest(before: dict[int, float], now: dict[int, float]) -> float:
    return max(_grown(before, now), default=0.0)


def _grown(before: dict[int, float], now: dict[int, float]) -> list[float]:
    """What began later has all of it; so has one with the number of another that is gone."""
    differences = [(now[key], now[key] - before.get(key, 0.0)) for key in now]
    return [whole if difference < 0 else difference for whole, difference in differences]


def _ran(process: Path) -> float:
    # The name of a program, in brackets, may contain anything.
    numbers = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / _TICKS  # for the program, and for it in the kernel
