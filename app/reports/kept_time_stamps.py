"""Time stamps that an authority gave, kept in the data folder: the same manifest needs no second one (ADR 0087)."""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from app.core.file_permissions import FILE_MODE, make_private_folder

MAX_KEPT: Final = 1_000  # of 6 KiB each, of 64 KiB at most; the oldest go first
_PART: Final = ".part"
log = structlog.get_logger(__name__)


class KeptTimeStamps:
    """A file for each manifest and authority. Blocking.

    Several processes may share the folder: a file is replaced as a whole. What cannot be read or written was not kept.
    """

    def __init__(self, folder: Path, *, authority_url: str, max_kept: int = MAX_KEPT) -> None:
        """`authority_url`: another authority has stamps of its own. The folder is made when needed."""
        self._folder = folder
        self._authority = authority_url
        self._max_kept = max_kept

    def find(self, data: bytes) -> bytes | None:
        """Return the response that was kept for these bytes, as it came; the caller verifies it. None: none was."""
        try:
            return self._path(data).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("time_stamp_not_read", reason=type(error).__name__)
            return None

    def keep(self, data: bytes, response: bytes) -> None:
        """Keep the response instead of any earlier one for these bytes."""
        path = self._path(data)
        part = path.with_suffix(f".{os.getpid()}{_PART}")
        try:
            make_private_folder(self._folder)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(response)
            part.replace(path)
            self._drop_oldest()
        except OSError as error:  # a full disk, or a folder of another user: the next archive asks again
            log.warning("time_stamp_not_kept", reason=type(error).__name__)

    def _path(self, data: bytes) -> Path:
        of_authority = sha256(self._authority.encode()).hexdigest()[:16]
        return self._folder / f"{sha256(data).hexdigest()}-{of_authority}.tsr"

    def _drop_oldest(self) -> None:
        """Partial files of processes that were ended count as well, so that they go, too."""
        aged = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process was quicker
                aged.append((path.stat().st_mtime_ns, path))
        aged.sort(reverse=True)
        for _, path in aged[self._max_kept :]:
            path.unlink(missing_ok=True)
