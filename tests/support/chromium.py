"""Looks for the browsers of scans among the processes of this machine."""

import asyncio
import time
from pathlib import Path

MARK = b"compliance-browser-"  # and the pid of the scan: in all its command lines (`capture.browser_profile`)


async def until_chromium(scan_pid: int, *, present: bool) -> None:
    """Returns when the scan's process has a browser, or none. Fails when that takes too long."""
    deadline = time.monotonic() + (15 if present else 0.5)
    while bool(chromium_processes(scan_pid)) is not present:
        assert time.monotonic() < deadline, chromium_processes(scan_pid)
        await asyncio.sleep(0.02)


def chromium_processes(scan_pid: int) -> list[tuple[int, bytes]]:
    """Ids and beginnings of command lines."""
    found, mark = [], MARK + f"{scan_pid}-".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if mark in line:
            found.append((int(entry.name), line[:60]))
    return found
