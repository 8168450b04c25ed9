"""Answers of passive sources, kept for a day: free services thank it, and a scan that is repeated does not wait."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

LIFETIME_S: Final = 24 * 60 * 60.0
MAX_FILES: Final = 2_000  # of 20 bytes a name and at most 10,000 names; the oldest go first
_MODE: Final = 0o600


class SourceCache(Protocol):
    """What sources said of domains. A cache that cannot be read or written is an empty one."""

    async def get(self, source: str, domain: str) -> list[str] | None:
        """Return the names that were kept within the last day; None when there are none such."""
        ...

    async def put(self, source: str, domain: str, names: Sequence[str]) -> None:
        """Keep the valid names of an answer; an empty list is an answer, too."""
        ...


class FolderCache:
    """A file for each source and domain. Several processes may share the folder: a file is replaced as a whole."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time, max_files: int = MAX_FILES) -> None:
        """`clock` gives the seconds since the epoch: the cache outlives processes. The folder is made when needed."""
        self._folder = folder
        self._clock = clock
        self._max_files = max_files

    async def get(self, source: str, domain: str) -> list[str] | None:
        return await asyncio.to_thread(self._get, self._path(source, domain))

    async def put(self, source: str, domain: str, names: Sequence[str]) -> None:
        await asyncio.to_thread(self._put, self._path(source, domain), list(names))

    def _path(self, source: str, domain: str) -> Path:
        return self._folder / f"{sha256(f'{source} {domain}'.encode()).hexdigest()}.json"

    def _get(self, path: Path) -> list[str] | None:
        try:
            kept: Any = orjson.loads(path.read_bytes())
            names, age_s = kept["names"], self._clock() - kept["at"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        is_sound = isinstance(names, list) and all(isinstance(name, str) for name in names)
        return names if 0 <= age_s < LIFETIME_S and is_sound else None

    def _put(self, path: Path, names: list[str]) -> None:
        part = path.with_suffix(f".{os.getpid()}.part")
        with suppress(OSError):  # a full disk: the next scan asks again
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(orjson.dumps({"at": self._clock(), "names": names}))
            part.replace(path)
            self._drop_old()

    def _drop_old(self) -> None:
        """Remove what is out of date, and the oldest of what is too much."""
        aged = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process was quicker
                aged.append((path.stat().st_mtime, path))
        aged.sort(reverse=True)
        for place, (written, path) in enumerate(aged):
            if place >= self._max_files or self._clock() - written > LIFETIME_S:
                path.unlink(missing_ok=True)
