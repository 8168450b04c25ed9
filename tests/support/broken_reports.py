"""Makes what no report should be. Run by `ReportProcess(module="tests.support.broken_reports")`; orders are named by
what is done, and `domain` is their argument.
"""

import os
import signal
import socket
import sys
import time
from pathlib import Path

from app.core.errors import NotFound, Unavailable
from app.scanstore.errors import StoreDamaged
from app.tasks.report_process.worker import MAX_MEMORY, make_with, run

MANY = 1_000


class BadMaker:
    """Generators by the kind of their order."""

    def __init__(self, settings):
        self.settings = settings

    def __call__(self, order):
        return getattr(self, order.kind)(order)

    def good(self, order):
        yield b"one"
        yield b"2" * 200_000
        yield order.made_at.isoformat().encode()

    def nothing(self, _order):
        yield from ()

    def who(self, _order):
        yield b"%d" % os.getpid()
        while True:
            pass

    def priority(self, _order):
        yield b"%d" % os.nice(0)

    def environment(self, _order):
        yield "\n".join(os.environ).encode()

    def settings_of(self, order):
        yield str(getattr(self.settings, order.domain)).encode()

    def dies(self, _order):
        yield b"one"
        os.kill(os.getpid(), signal.SIGKILL)

    def memory(self, _order):
        yield b"one"
        yield bytes(MAX_MEMORY)

    def time(self, _order):
        yield b"one"
        os.kill(os.getpid(), signal.SIGXCPU)
        time.sleep(10)

    def raises(self, order):
        yield from ()
        raise {
            "missing": NotFound(text="no_such_third_party"),
            "busy": Unavailable(code="results_unavailable", retry_after_s=3),
            "damaged": StoreDamaged("page 7"),
            "disk": OSError(5, "Input/output error"),
            "bug": ValueError("secret"),
        }[order.domain]

    def counted(self, order):
        """Says in a file how far it is."""
        for number in range(MANY):
            Path(order.domain).write_text(str(number))
            yield b"x" * 65_536


def make_broken(settings, storage_variables):
    """As `make_with`; what it makes of the same settings must at least be possible."""
    make_with(settings, storage_variables)
    return BadMaker(settings)


if __name__ == "__main__":
    run(socket.socket(fileno=int(sys.argv[1])), make_broken)
