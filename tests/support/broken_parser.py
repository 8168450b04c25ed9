"""A reader whose jobs do what no job should. Run by `launch.execute(module="tests.support.broken_parser")`."""

import os
import signal
from pathlib import Path

from app.engines.parsing.frames import HEADER, MAX_JSON, Kind
from app.engines.parsing.worker import main

STDERR = 2


class BadJobs:
    """Named by what they do."""

    mapped_bytes = 0

    def __init__(self, *, target, **_more):
        self.told = (target,)

    def prepare(self):
        """Nothing takes long here."""

    def run(self, name, body, arguments):
        return getattr(self, name)(body, *arguments)

    def echo(self, body, *arguments):
        return [*self.told, list(arguments), body.decode()]

    def who(self, body):
        return [os.getpid()]

    def spin(self, body):
        while True:
            pass

    def stick(self, body):
        """In C, without ever looking at Python's signals: the lock of the interpreter is held throughout."""
        return [int("9" * 4_000) ** 200_000 % 7]

    def crash(self, body):
        os.kill(os.getpid(), signal.SIGSEGV)

    def crash_once(self, body, mark):
        if not Path(mark).exists():
            Path(mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return ["alive"]

    def swell(self, body):
        return [len(bytearray(1 << 40))]

    def nest(self, body):
        return self.nest(body)

    def err(self, body):
        return [int("not a number")]

    def flood(self, body):
        """Many pieces, more than a socket holds."""
        return [["x" * 1_000] * 1_000] * 20

    def overfill(self, body, pieces):
        """More than the scan takes: a piece too long for it, or several that are too long together."""
        return [["x" * 1_000] * (MAX_JSON // 1_000 // pieces)] * pieces

    def babble(self, body):
        say(b"\xff" * 64)
        return []

    def break_off(self, body):
        """Killed while its answer is on the way."""
        say(HEADER.pack(Kind.DONE, 1 << 20, 0) + b"[")
        os.kill(os.getpid(), signal.SIGKILL)

    def stop_parent(self, body):
        os.kill(os.getppid(), signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGKILL)


def say(data):
    """To every descriptor but the standard ones: which of them leads to the scan is not this reader's to know."""
    for descriptor in sorted(int(one.name) for one in Path("/proc/self/fd").iterdir()):
        if descriptor <= STDERR:
            continue
        try:
            os.write(descriptor, data)
        except OSError:
            continue


if __name__ == "__main__":
    main(BadJobs)
