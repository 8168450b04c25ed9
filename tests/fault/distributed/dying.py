"""A process that is killed between COMMIT and publish: `dying EVENT ARGUMENTS...` does as `compliance ARGUMENTS...`.

It dies when it has written an event of that type in the first attempt of a task; `scan:EVENT` has the scan's process
die instead, in the worker that is started so.
"""

import os
import signal
import sys

from app.cli import main
from app.events.log import AppendResult
from app.events.writer import EventWriter
from app.tasks.supervisor import worker_handle
from app.tasks.worker import main as scan

MODULE = "tests.fault.distributed.dying"
OF_SCAN = "scan:"


def die_after_commit(kind: str) -> None:
    publish = EventWriter._published

    def die_or_publish(writer: EventWriter, result: AppendResult | None) -> AppendResult | None:
        if result is not None and any(event.type == kind and event.attempt == 1 for event in result.events):
            os.kill(os.getpid(), signal.SIGKILL)
        return publish(writer, result)

    EventWriter._published = die_or_publish  # type: ignore[method-assign] # the failpoint


def run(kind: str, words: list[str]) -> int:
    if kind.startswith(OF_SCAN):
        worker_handle.COMMAND = (sys.executable, "-m", MODULE, kind.removeprefix(OF_SCAN))  # type: ignore[misc, assignment] # a scan's process has no words of its own
        return main(words)
    die_after_commit(kind)
    return main(words) if words else scan.main()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
