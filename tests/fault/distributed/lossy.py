"""Servers and workers whose bus drops half of the hints, doubles some and reorders them: `lossy ARGUMENTS...`.

It does as `compliance ARGUMENTS...`, and says in its log what became of hints.
"""

import random
import sys
from collections.abc import Iterator
from typing import Final

import structlog

from app.cli import main
from app.core.aio import call_on_loop
from app.events.bus import redis
from app.events.bus.base import Hint

MODULE = "tests.fault.distributed.lossy"
FATES: Final = ("hint_dropped", "hint_dropped", "hint_late", "hint_doubled")
LATEST_S: Final = 1.0
log = structlog.get_logger(__name__)


def dealt() -> Iterator[str]:
    """Fates in a random order of which each four hints in a row have all."""
    while True:
        yield from random.sample(FATES, len(FATES))


class LossyBus(redis.RedisBus):
    """Each hint that comes through is late by a time of its own, so that others overtake it."""

    fates = dealt()

    def publish(self, hint: Hint) -> None:
        fate = next(self.fates)
        log.info(fate)
        times = {"hint_dropped": 0, "hint_late": 1, "hint_doubled": 2}[fate]
        for _ in range(times):
            if self._loop is not None:
                call_on_loop(self._loop, self._publish_later, hint)

    def _publish_later(self, hint: Hint) -> None:
        assert self._loop is not None
        self._loop.call_later(random.uniform(0, LATEST_S), super().publish, hint)


if __name__ == "__main__":
    redis.RedisBus = LossyBus  # type: ignore[misc] # the fault
    sys.exit(main(sys.argv[1:]))
