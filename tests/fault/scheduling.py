"""A process that starts the scans that are due, to be frozen: `-m tests.fault.scheduling SETTINGS_JSON`.

`freeze_at`: it stops itself when it is about to write the scan of that many sites, as SIGSTOP from without would, but
there; 0: never. It says `ready`, `thawed` when it goes on, and `round` after each look.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Any, Final

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.lease import Lease, PostgresLease, SoleProcess
from app.core.logging import configure_logging
from app.sites.runs import PreparedScan, SiteRuns
from tests.support.watched_sites import WatchedSites

SILENCE_S: Final = 2.0  # after which a frozen holder loses the lease
INTERVAL_S: Final = 0.2  # between two looks


class SayingClock(SystemClock):
    async def sleep(self, seconds: float) -> None:
        say("round")
        await super().sleep(seconds)


def freeze(runs: SiteRuns, at: int) -> None:
    """Have the process stop when so many scans were prepared, before it writes the last of them."""
    prepare, count = runs.prepare, 0

    async def prepared(site: Any) -> PreparedScan:
        nonlocal count
        found = await prepare(site)
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGSTOP)
            say("thawed")
        return found

    object.__setattr__(runs, "prepare", prepared)


async def serve(settings: str) -> None:
    values = json.loads(settings)
    url = values["url"]
    db = Database(url)
    lease: Lease = SoleProcess() if db.is_sqlite else PostgresLease(url, name="monitor", silence_s=SILENCE_S)
    world = WatchedSites(
        db.guarded(lease.guard),
        SayingClock(),  # type: ignore[arg-type] # of a world whose time goes by itself
        lease=lease,
        schedule_spread_s=0,
        monitor_interval_s=INTERVAL_S,
    )
    freeze(world.parts.scheduler.runs, values["freeze_at"])
    say("ready")
    await world.parts.scheduler.keep_current()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    configure_logging("ERROR")
    asyncio.run(serve(sys.argv[1]))


if __name__ == "__main__":
    main()
