"""`compliance serve` and `compliance testnet`: what runs in the foreground until it is told to end."""

import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from app.cli import exits
from app.cli.neighbour import hold_neighbour
from app.core.config import load_settings
from app.core.errors import ConfigurationError


def run_serve(*, host: str | None, port: int | None, data_dir: Path | None, use_neighbour: bool) -> int:
    """Raises ConfigurationError: the port or the folder is taken, or a setting is wrong."""
    from app.server import run_server

    with ExitStack() as stack:
        overrides = stack.enter_context(hold_neighbour()).overrides if use_neighbour else {}
        run_server(load_settings(**overrides, host=host, port=port, data_dir=data_dir))
    return exits.CLEAN


def run_neighbour() -> int:
    """Raises ConfigurationError when the test internet cannot be had, or ends by itself."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with hold_neighbour() as neighbour:
            sys.stdout.write(neighbour.line + "\n")
            sys.stdout.flush()
            neighbour.process.wait()
    except KeyboardInterrupt:
        return exits.CLEAN
    finally:
        signal.signal(signal.SIGTERM, before)
    raise ConfigurationError("The test internet has ended.")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
