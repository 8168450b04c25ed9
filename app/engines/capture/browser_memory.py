"""Memory usage of a browser, and stopping processes that exceed its limit.

A page of a hundred bytes can fill any memory, in one of a dozen processes. So all of them together have a limit. Above
it the one that holds most is ended: that is the hostile page's, mostly, and the others go on. Shared memory counts once
(PSS: the proportional set size).
"""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

WATCH_S: Final = 0.25  # a page fills a gigabyte in half a second
MAX_PROCESSES: Final = 500  # of one browser that are looked at
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
PROC: Final = Path("/proc")


class Watched(Protocol):
    """A browser's processes (`browser_profile.BrowserProfile`)."""

    def root(self) -> int:
        """The process below which all of them are; 0: there is none."""
        ...

    def processes(self) -> list[int]:
        """All of them, found without their parents: in a walk through every process of the machine."""
        ...


class MemoryWatch:
    """`run` while the browser does."""

    def __init__(
        self,
        watched: Watched,
        *,
        max_bytes: int,
        on_end: Callable[[], None],
        end: Callable[[int], None] | None = None,
        measure: Callable[[Iterable[int], int], dict[int, int]] | None = None,
        watch_s: float = WATCH_S,
    ) -> None:
        """`on_end` is told of each process that was ended. `end` ends one; `measure` as `bytes_of` does."""
        self._on_end = on_end
        self._watched = watched
        self._max_bytes = max_bytes
        self._end = end or _kill
        self._measure = measure or bytes_of
        self._watch_s = watch_s

    async def run(self) -> None:
        """Never returns."""
        while True:
            await asyncio.sleep(self._watch_s)
            await self.look()

    async def look(self) -> None:
        """End the process that holds most, if all together hold too much."""
        if not self._watched.root():
            return
        held = await asyncio.to_thread(lambda: self._measure(pids_of(self._watched), self._max_bytes))
        if sum(held.values()) > self._max_bytes:
            self._on_end()
            self._end(max(held, key=lambda pid: held[pid]))


def pids_of(watched: Watched) -> list[int]:
    """Return all its processes; none: there is no browser."""
    root = watched.root()
    if not root:
        return []
    # Not every kernel says who a process's children are (CONFIG_PROC_CHILDREN).
    found = family(root)
    return found if len(found) > 1 else sorted({root, *watched.processes()})


def family(root: int, proc: Path = PROC) -> list[int]:
    """Return the process and all below it, at most MAX_PROCESSES."""
    found, waiting = [root], deque([root])
    while waiting and len(found) < MAX_PROCESSES:
        children = _children(proc / str(waiting.popleft()))
        found += children
        waiting += children
    return found[:MAX_PROCESSES]


def bytes_of(pids: Iterable[int], enough: int, proc: Path = PROC) -> dict[int, int]:
    """Return what each process holds. What is shared is counted for each as long as that is `enough` or less in all:
    to count it once costs the kernel a walk through all of it.
    """
    resident = {pid: _resident(proc / str(pid)) for pid in pids}
    if sum(whole for whole, _ in resident.values()) <= enough:
        return {pid: whole for pid, (whole, _) in resident.items()}
    return {pid: _proportional(proc / str(pid), own) for pid, (_, own) in resident.items()}


def _children(process: Path) -> list[int]:
    found: list[int] = []
    try:
        for thread in (process / "task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    except OSError:
        return found  # it ended while we looked
    return found


def _resident(process: Path) -> tuple[int, int]:
    """Return (all that it holds, what of that is its own)."""
    try:
        _, resident, shared, *_ = map(int, (process / "statm").read_text().split())
    except (OSError, ValueError):
        return 0, 0
    return resident * _PAGE_BYTES, (resident - shared) * _PAGE_BYTES


def _proportional(process: Path, own: int) -> int:
    """Return its share. `own`: what is returned where the kernel does not let us look."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration, ValueError):
        return own


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # it ended by itself
