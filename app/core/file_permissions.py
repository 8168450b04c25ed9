"""Files are private whatever the umask was: mode 0600, folders 0700."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

UMASK: Final = 0o077
FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
OTHERS: Final = 0o077

log = structlog.get_logger(__name__)


def set_private_umask() -> None:
    """Make every later file of this process and its children private. Called first of all."""
    os.umask(UMASK)


def make_private_folder(path: Path) -> None:
    """Makes the folder, or closes the one that is there to others. Raises OSError when it cannot be made."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    restrict_to_owner(path)


def make_private_file(path: Path) -> None:
    """Makes an empty file; one that is there keeps the mode that its owner gave it. Raises OSError when that fails.

    For SQLite, which makes files as the umask has it, and gives its journals the mode of the file. One that exists is
    not opened: closing it would drop every lock that this process holds on it (POSIX), and another process would then
    take its own leave for the last one's and delete the WAL under us.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))


def restrict_to_owner(path: Path) -> None:
    """Takes all rights of others away; where that is not ours to do, the log says so."""
    mode = open_mode(path)
    if not mode:
        return
    try:
        path.chmod(mode & ~OTHERS)
    except OSError:
        warn_of_open_mode(path, mode)
    else:
        log.info("file_mode_restricted", path=str(path), mode=f"{mode:04o}")


def warn_of_open_mode(path: Path, mode: int) -> None:
    """Said where we change nothing."""
    log.warning("file_mode_open_to_others", path=str(path), mode=f"{mode:04o}")


def open_mode(path: Path) -> int:
    """Return the mode if others have any permission; otherwise 0, also for a missing or inaccessible file."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
    return mode if mode & OTHERS else 0
