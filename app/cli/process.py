"""The boundary of the process: whatever happens in a command becomes an exit code, and one clear line."""

import os
import sys
import traceback
from typing import Any

from typer import Abort
from typer._click.exceptions import ClickException  # the only place where it can be had

from app.cli.exit_codes import MISUSED, STOPPED
from app.cli.language import Reader, UnknownLanguage, reader_of, take_language
from app.domain.messages import Language


def run(words: list[str]) -> int:
    """Run one command and return its exit code."""
    reader = reader_of()
    try:
        reader, words = take_language(words)
        from app.cli.commands import cli

        return _as_code(cli(words, reader))
    except UnknownLanguage:
        return _say(reader.texts("usage.lang", names=" / ".join(Language)))
    except ClickException as error:
        return _misused(error, reader)
    except SystemExit as end:
        return _as_code(end.code)
    except (Abort, KeyboardInterrupt):
        return STOPPED
    except BrokenPipeError:
        return _pipe_closed()
    except Exception as error:  # noqa: BLE001 - the boundary of the process: one clear line, never a traceback
        return _failed(error, reader)


def _misused(error: ClickException, reader: Reader) -> int:
    from app.cli.usage_errors import describe_misuse

    sys.stderr.write(describe_misuse(error, reader.texts))
    return MISUSED


def _failed(error: Exception, reader: Reader) -> int:
    from app.cli.error_text import describe

    if os.environ.get("COMPLIANCE_LOG_LEVEL") == "DEBUG":
        traceback.print_exception(error)
    return _say(describe(error, reader.texts))


def _say(line: str) -> int:
    sys.stderr.write(f"compliance: {line}\n")
    return MISUSED


def _pipe_closed() -> int:
    """Give up the output: its reader has gone, and the interpreter must not try to flush it once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return MISUSED


def _as_code(value: Any) -> int:
    return value if isinstance(value, int) else MISUSED if value else 0
