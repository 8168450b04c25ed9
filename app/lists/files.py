"""Files of lists on this machine. With several machines they come out of the database, where the server that fetched
the list has put them; the folder is a cache then.

Versions that no scan can have begun with are removed, and those beyond a number.
"""

import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Final

import zstandard
from sqlalchemy import Row

from app.core.data_folder import LISTS_FOLDER
from app.core.db import Database
from app.core.file_permissions import make_private_folder
from app.lists import queries

PART_BYTES: Final = 4 << 20  # of the file; a fifth of that when it is compressed
OLD_WORK_S: Final = 3_600.0  # no update takes so long: what is older was left behind by one that was killed
MAX_KEPT: Final = 12  # superseded versions of a list; a scan of twelve hours and a list that changes every hour
GRACE: Final = timedelta(minutes=10)  # a scan that is just beginning has read what is in effect, and nothing yet of it
_LEVEL: Final = 3  # of compression


class FileLost(Exception):
    """The file is neither here nor in the database."""


class ListFiles:
    """Blocking; any thread. Files are never changed, and removed only when no version has them."""

    def __init__(self, *, db: Database, data_dir: Path, shared: bool) -> None:
        """`shared`: there are several machines."""
        self.folder = data_dir.absolute() / LISTS_FOLDER
        self._db = db
        self._shared = shared

    def prepare(self) -> None:
        """Make the folder. Raises OSError."""
        make_private_folder(self.folder)

    def has_or_shares(self, file_sha256: str) -> bool:
        """Whether the file can be had: it is on this machine, or the database has files for all of them."""
        return self._shared or self._path(file_sha256).is_file()

    def find(self, file_sha256: str) -> Path:
        """Return where the file lies, after it was written there when it was only in the database.

        Raises FileLost, OSError, DatabaseUnavailable.
        """
        path = self._path(file_sha256)
        if not path.is_file():
            self._bring(path)
        return path

    def share(self, file_sha256: str) -> None:
        """Put a file of this machine into the database. Raises OSError, DatabaseUnavailable, LeaseLost."""
        if not self._shared:
            return
        compressor = zstandard.ZstdCompressor(level=_LEVEL)
        with self._path(file_sha256).open("rb") as file:
            number = 0
            while (piece := file.read(PART_BYTES)) or not number:
                part = partial(
                    queries.add_part, file_sha256=file_sha256, number=number, data=compressor.compress(piece)
                )
                self._db.write_sync(part)
                number += 1

    def clean_cache(self, now: float) -> None:
        """On one of several machines, remove copies that no version has any more. Raises DatabaseUnavailable."""
        if self._shared:
            self.remove_but(self._db.read_sync(queries.files), now)

    def _bring(self, path: Path) -> None:
        self.prepare()
        descriptor, name = mkstemp(dir=self.folder, prefix=".part-")
        part = Path(name)
        try:
            digest = sha256()
            with os.fdopen(descriptor, "wb") as file:
                for piece in self._pieces(path.name):
                    digest.update(piece)
                    file.write(piece)
            if digest.hexdigest() != path.name:  # none of its parts is there, or not all of them
                raise FileLost(path.name)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _pieces(self, file_sha256: str) -> Iterator[bytes]:
        decompressor = zstandard.ZstdDecompressor()
        for number in count():
            data = self._db.read_sync(partial(queries.part, file_sha256=file_sha256, number=number))
            if data is None:
                return
            try:
                yield decompressor.decompress(data, max_output_size=PART_BYTES)
            except zstandard.ZstdError as error:
                raise FileLost(file_sha256) from error

    def remove_but(self, kept: Collection[str], now: float) -> None:
        """Remove files of no version, and what updates have left behind. `now`: epoch seconds, as files have them."""
        if not self.folder.is_dir():
            return
        for entry in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another process removes, or has finished, what it names for the moment
                is_old = now - entry.stat().st_mtime > OLD_WORK_S
                if is_old and entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                elif is_old and entry.name not in kept:
                    entry.unlink(missing_ok=True)

    def _path(self, file_sha256: str) -> Path:
        return self.folder / file_sha256


async def remove_old(db: Database, now: datetime) -> set[str]:
    """Remove versions that are in effect no more and that nobody needs; return the hashes of all files that stay."""
    oldest = await db.read(queries.oldest_begun)
    rows = await db.read(queries.superseded)
    ids = to_remove(rows, needed_since=min(oldest or now, now - GRACE))
    if ids:
        await db.write(partial(queries.remove, ids=ids))
    return await db.read(queries.files)


def to_remove(rows: Sequence[Row[Any]], *, needed_since: datetime) -> list[str]:
    """Return ids. `rows`: key, id and end of superseded versions, the latest first."""
    seen: Counter[str] = Counter()
    ids = []
    for row in rows:
        seen[row.list_key] += 1
        if row.superseded_at < needed_since or seen[row.list_key] > MAX_KEPT:
            ids.append(row.id)
    return ids
