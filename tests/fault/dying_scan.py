"""A scan's process that is killed between COMMIT and hint: at its first violation, the hint is never sent.

Put into `app.tasks.supervisor.worker_handle.COMMAND` for `app.tasks.worker.main`. Only attempt 1 dies: the next one is
an ordinary process.
"""

import os
import signal
import sys

from app.events.bus.base import Hint, TaskHint
from app.tasks.worker import main as worker
from app.tasks.worker.pipe_bus import PipeBus


class DyingBus(PipeBus):
    """`publish` is called after COMMIT."""

    def publish(self, hint: Hint) -> None:
        assert isinstance(hint, TaskHint)
        if any(event.type == "violation_detected" and event.attempt == 1 for event in hint.events):
            os.kill(os.getpid(), signal.SIGKILL)
        super().publish(hint)


if __name__ == "__main__":
    worker.PipeBus = DyingBus  # type: ignore[misc] # the failpoint
    sys.exit(worker.main())
