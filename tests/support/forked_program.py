"""Programs that fork servers of tests know: the first line of the input says what the process does."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from app.core import trace_context
from app.core.ids import new_id

MODULE = "tests.support.forked_program"
LOADED_IN = os.getpid()


def run_process() -> NoReturn:
    word, *more = read_line().split()
    os._exit(int(globals()[word](*more) or 0))


def read_line() -> str:
    """Byte by byte: what follows is for the program that is done."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line.decode()


def say(value: Any) -> None:
    os.write(1, json.dumps(value).encode() + b"\n")


def tell() -> None:
    """What the process is."""
    say(
        {
            "pid": os.getpid(),
            "parent": os.getppid(),
            "loaded_in": LOADED_IN,
            "session": os.getsid(0),
            "group": os.getpgrp(),
            "environment": dict(os.environ),
            "shown": sorted(Path("/proc/self/environ").read_bytes().strip(b"\0").decode().split("\0")),
            "arguments": Path("/proc/self/cmdline").read_bytes().rstrip(b"\0").decode().split("\0"),
            "descriptors": sorted(descriptors()),
            "threads": threading.active_count(),
            "terminated_by": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
            "random": [random.random(), new_id(), trace_context.current().trace_id],
        }
    )


def descriptors() -> list[int]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            entry.readlink()
        except FileNotFoundError:  # of the folder itself
            continue
        found.append(int(entry.name))
    return found


def end(code: str) -> int:
    return int(code)


def fail() -> None:
    raise ValueError("this program fails")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def last() -> int:
    """A scan's way: at the end of the input it writes its checkpoint and ends."""
    say("begun")
    while os.read(0, 1_000):
        continue
    say("checkpoint")
    return 3


def descend() -> None:
    """Start a program that would go on for an hour, and wait for it."""
    with subprocess.Popen(["sleep", "3600"]) as other:
        say(other.pid)
        while os.read(0, 1_000):
            continue
        os._exit(0)


def write_errors() -> None:
    sys.stderr.write("to the errors\n")
    sys.stderr.flush()


if __name__ == "__main__":
    run_process()
