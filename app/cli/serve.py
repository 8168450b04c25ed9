"""`compliance serve` and `compliance testnet`: what runs in the foreground until it is told to end."""

import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

from app.cli import exits
from app.cli.neighbour import Neighbour, hold_neighbour
from app.core.config import load_settings
from app.core.errors import ConfigurationError

LOOK_S: Final = 0.5


def run_serve(*, host: str | None, port: int | None, data_dir: Path | None, use_neighbour: bool) -> int:
    """Raises ConfigurationError: the port or the folder is taken, or a setting is wrong."""
    from app.server import run_server

    with ExitStack() as stack:
        overrides = stack.enter_context(hold_neighbour()).overrides if use_neighbour else {}
        run_server(load_settings(**overrides, host=host, port=port, data_dir=data_dir))
    return exits.CLEAN


def run_neighbour() -> int:
    """Raises ConfigurationError when the test internet cannot be had, or ends by itself."""
    with hold_neighbour() as neighbour:
        sys.stdout.write(neighbour.line + "\n")
        sys.stdout.flush()
        _wait(neighbour)
    return exits.CLEAN


def _wait(neighbour: Neighbour) -> None:
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not stopped.wait(LOOK_S):
            if neighbour.process.poll() is not None:
                raise ConfigurationError("The test internet has ended.")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
