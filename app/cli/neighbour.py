"""The bundled test internet, as the command line uses it: a process that is held and ends with us.

Nothing here knows what is in it. It says in one JSON line how it is reached, in settings that any deployment has.
"""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from app.core.errors import ConfigurationError

COMMAND: Final = (sys.executable, "-m", "testnet")
START_TIMEOUT_S: Final = 60.0  # it waits 30 s itself for one that is just starting
END_TIMEOUT_S: Final = 5.0
READ_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Neighbour:
    """It runs, and is reached through `overrides` of the settings. `line` is what it said."""

    process: subprocess.Popen[bytes]
    line: str
    overrides: dict[str, Any]
    demo_target: str


@contextmanager
def hold_neighbour(
    command: Sequence[str] = COMMAND,
    *,
    start_timeout_s: float = START_TIMEOUT_S,
    end_timeout_s: float = END_TIMEOUT_S,
) -> Iterator[Neighbour]:
    """The one that runs on this machine, or a new one; shared, and let go of at the end of the block.

    Raises ConfigurationError when it cannot be had.
    """
    process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        command,
        stdin=subprocess.PIPE,  # it goes when this is closed, however we end
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is ours
    )
    try:
        yield read_neighbour(process, _read_line(process, start_timeout_s))
    finally:
        _let_go(process, end_timeout_s)


def read_neighbour(process: subprocess.Popen[bytes], line: str) -> Neighbour:
    """From the JSON line. Raises ConfigurationError."""
    try:
        said = json.loads(line)
        overrides = {
            "resolvers": tuple(said["resolvers"]),
            "allow_networks": tuple(said["allow_networks"]),
            "ca_file": said["ca_file"],
            "port_map": tuple(f"{port}={real}" for port, real in said["port_map"].items()),
            "ct_urls": tuple(said["ct_urls"]),
        }
        return Neighbour(process, line, overrides, said["demo_target"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError("The test internet did not say how it is reached.") from error


def _read_line(process: subprocess.Popen[bytes], timeout_s: float) -> str:
    assert process.stdout is not None  # asked for above
    deadline = time.monotonic() + timeout_s
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise ConfigurationError("The test internet did not start in time.")
            chunk = os.read(process.stdout.fileno(), READ_BYTES)
            if not chunk:
                raise ConfigurationError(f"The test internet did not start: {_complaint(process)}")
            line += chunk
    return line.decode().strip()


def _complaint(process: subprocess.Popen[bytes]) -> str:
    try:
        _, said = process.communicate(timeout=END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return "it does not answer"
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {process.returncode}"


def _let_go(process: subprocess.Popen[bytes], patience_s: float) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
