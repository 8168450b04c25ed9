"""The command line `compliance`. What each command does is in a module of its own; `commands` only reads the words."""

import os
import sys
import traceback
from collections.abc import Sequence

from app.cli.exits import MISUSED, STOPPED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. `arguments` None: those of the process."""
    from app.cli.commands import cli

    try:
        return _as_code(cli(args=arguments, prog_name="compliance"))
    except SystemExit as end:
        return _as_code(end.code)
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        return _pipe_closed()
    except Exception as error:  # noqa: BLE001 - the boundary of the process: one clear line, never a traceback
        return _failed(error)


def _failed(error: Exception) -> int:
    from app.cli.failures import describe

    if os.environ.get("COMPLIANCE_LOG_LEVEL") == "DEBUG":
        traceback.print_exception(error)
    sys.stderr.write(f"compliance: {describe(error)}\n")
    return MISUSED


def _pipe_closed() -> int:
    """Whoever read our output has gone. The interpreter must not try to flush it once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return MISUSED


def _as_code(value: object) -> int:
    return value if isinstance(value, int) else MISUSED if value else 0
