"""Where a scan of the command line keeps its results: a data folder of its own, which is kept unless told otherwise."""

import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from app.domain.messages import MessageCatalog
from app.identity.auth import FIRST_ADMIN

log = structlog.get_logger(__name__)

PARENT: Final = Path("compliance-scans")  # in the current folder
MAX_NAME: Final = 100  # characters of the target in a folder's name


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give a folder that only we can read for the time of the block. A file still open is no reason to fail."""
    with tempfile.TemporaryDirectory(prefix="compliance-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def kept_folder(target: str, now: datetime, parent: Path = PARENT) -> Iterator[Path]:
    """Give a new folder that stays, named after the target and the time; it goes again when no scan came about."""
    folder = _make(parent, f"{re.sub(r'[^A-Za-z0-9.-]', '_', target)[:MAX_NAME]}-{now:%Y%m%d-%H%M%S}")
    try:
        yield folder
    except BaseException:
        if not any((folder / "scans").glob("*.db")):
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                folder.parent.rmdir()  # only when nothing else is in it
        raise


def _make(parent: Path, name: str) -> Path:
    """Make the folder; in the system's temporary one where the current folder cannot be written to."""
    try:
        parent.mkdir(mode=0o700, exist_ok=True)
        for number in range(1, 1_000):
            folder = parent.absolute() / (name if number == 1 else f"{name}-{number}")
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                return folder
    except OSError as error:
        log.info("scan_folder_elsewhere", reason=error.strerror)
    return Path(tempfile.mkdtemp(prefix=f"compliance-{name}-"))


def describe_folder(folder: Path, texts: MessageCatalog, password: str | None, *, is_port_free: bool = True) -> str:
    """Say where the results are, and how they are looked at again. `password`: of its new admin, if it has one.

    `is_port_free`: no service is known to run; beside one, a server for these results takes any port.
    """
    path = shlex.quote(str(folder.absolute()))
    any_port = "" if is_port_free else " --port 0"
    lines = [
        texts("cli.kept", folder=path),
        texts("cli.kept_report", command=f"compliance report {path}"),
        texts("cli.kept_serve", command=f"compliance serve --data-dir {path}{any_port}"),
    ]
    if password is not None:
        lines.append(texts("cli.kept_password", user=FIRST_ADMIN, password=password))
    return "\n".join(lines) + "\n"
