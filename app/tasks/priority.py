"""A scan works with what the sockets leave: beside two scans with browsers a ping's p99 is 5 ms instead of 30."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

NICE: Final = 5  # a third of the weight of what is not nice; more would starve a scan on a machine that is busy anyway
# Linux makes a scheduling group of every session (sched_autogroup): `nice` counts only inside, the group has its own.
_AUTOGROUP: Final = Path("/proc/self/autogroup")


def step_back() -> None:
    """For this process and what it starts; for the session too when that is its own. Called once."""
    os.nice(NICE)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # not on this kernel
            _AUTOGROUP.write_text(str(NICE))
