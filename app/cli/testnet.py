"""`compliance testnet` and `--testnet`: the bundled test internet, as a process that ends with this one.

Nothing here knows what is in it. Its first line is JSON: the settings by which any deployment would reach it.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from app.cli import exit_codes
from app.core.errors import ConfigurationError
from app.domain.messages import MessageCatalog

COMMAND: Final = (sys.executable, "-m", "testnet")
START_TIMEOUT_S: Final = 60.0  # it waits 30 s itself for one that is just starting
END_TIMEOUT_S: Final = 5.0
READ_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class RunningTestnet:
    """A test internet that runs. `overrides` of the settings reach it; `line` is how it said so."""

    process: subprocess.Popen[bytes]
    line: str
    overrides: dict[str, Any]
    demo_target: str


def run_testnet(texts: MessageCatalog, world: str | None = None) -> int:
    """Print how the test internet is reached, and hold it until Ctrl-C. `world`: as in `command_for`.

    Raises ConfigurationError when it does not start, or ends by itself.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with open_testnet(texts, command_for(world)) as testnet:
            sys.stdout.write(testnet.line + "\n")
            sys.stdout.flush()
            testnet.process.wait()
    except KeyboardInterrupt:
        return exit_codes.CLEAN
    finally:
        signal.signal(signal.SIGTERM, before)
    raise ConfigurationError(texts("cli.testnet_ended"))


def command_for(world: str | None) -> tuple[str, ...]:
    """Return the words that start a world of the test internet; None: the demo's. It knows the names of its worlds."""
    return COMMAND if world is None else (*COMMAND, "--world", world)


@contextmanager
def open_testnet(
    texts: MessageCatalog,
    command: Sequence[str] = COMMAND,
    *,
    start_timeout_s: float = START_TIMEOUT_S,
    end_timeout_s: float = END_TIMEOUT_S,
) -> Iterator[RunningTestnet]:
    """Start the test internet, or share the one that runs on this machine, for the time of the block.

    Raises ConfigurationError when it does not start.
    """
    process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        command,
        stdin=subprocess.PIPE,  # it ends when this is closed, however we end
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is ours
    )
    try:
        yield parse_announcement(process, _read_line(process, start_timeout_s, texts), texts)
    finally:
        _end(process, end_timeout_s)


def parse_announcement(process: subprocess.Popen[bytes], line: str, texts: MessageCatalog) -> RunningTestnet:
    """Read the JSON line. Raises ConfigurationError."""
    try:
        said = json.loads(line)
        overrides = {
            "resolvers": tuple(said["resolvers"]),
            "allow_networks": tuple(said["allow_networks"]),
            "ca_file": said["ca_file"],
            "port_map": tuple(f"{port}={real}" for port, real in said["port_map"].items()),
            "ct_urls": tuple(said["ct_urls"]),
        }
        return RunningTestnet(process, line, overrides, said["demo_target"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(texts("cli.testnet_silent")) from error


def _read_line(process: subprocess.Popen[bytes], timeout_s: float, texts: MessageCatalog) -> str:
    assert process.stdout is not None  # asked for above
    deadline = time.monotonic() + timeout_s
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise ConfigurationError(texts("cli.testnet_slow"))
            chunk = os.read(process.stdout.fileno(), READ_BYTES)
            if not chunk:
                raise ConfigurationError(texts("cli.testnet_failed", reason=_complaint(process, texts)))
            line += chunk
    return line.decode().strip()


def _complaint(process: subprocess.Popen[bytes], texts: MessageCatalog) -> str:
    try:
        _, said = process.communicate(timeout=END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return texts("cli.no_answer")
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else texts("doctor.exit_code", code=process.returncode)


def _end(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
