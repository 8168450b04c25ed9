"""The command line `compliance`. What each command does is in a module of its own; `commands` only reads the words.

Nothing is imported here but what the interpreter has in it: until the first line of `main` Ctrl-C is a traceback.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # has no stub; `signal` imports a dozen modules first
import atexit
import gc
import os
import sys

TYPE_CHECKING = False  # as type checkers know it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType
    from typing import NoReturn

STOPPED = 130  # as in `exit_codes`, which takes a while to import


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    `arguments` None: those of the process, which ends afterwards; Ctrl-C stays quiet until its last instruction then.
    """
    before = _signal.signal(_signal.SIGINT, end_at_once)  # until a command has something to end in order
    if arguments is None:
        # The interpreter gives a handler up while it clears its modules, and a signal would take the exit code's place.
        atexit.register(_signal.signal, _signal.SIGINT, _signal.SIG_IGN)
    gc.disable()  # until a command runs: what is loaded for it stays, and is a fifth of its start to look through
    from app.cli.process import run

    code = run(sys.argv[1:] if arguments is None else list(arguments))
    gc.enable()
    _signal.signal(_signal.SIGINT, end_at_once if arguments is None else before)
    return code


def end_at_once(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave without a traceback: while modules are imported and words are read there is nothing to tidy up."""
    os._exit(STOPPED)
