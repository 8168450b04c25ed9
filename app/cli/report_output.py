"""Where a report's file goes: checked before the scan, written whole or not at all."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from app.cli.misused import Misused
from app.domain.report_format import ReportFormat, format_of_suffix

STANDARD_OUTPUT: Final = "-"


def check_output(path: Path | None) -> Path | None:
    """For an option's `callback`: refuse an ending that is none of our formats, and a folder that is not there."""
    if path is None:
        return None
    if format_of_suffix(path.name) is None:
        raise Misused("ending", endings=", ".join(f".{kind}" for kind in ReportFormat))
    if not path.parent.is_dir():
        raise Misused("no_folder", folder=path.parent)
    return path


def write_file(path: Path, pieces: Iterable[bytes]) -> int:
    """Write a file that is there only when it is whole, readable by its owner alone. Returns its size in bytes."""
    partial = path.with_name(f"{path.name}.partial")
    size = 0
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for piece in pieces:
                size += file.write(piece)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return size


def write_standard_output(pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
