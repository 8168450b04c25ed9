"""The parts of a document that is a ZIP archive, within bounds: a small file can hold gigabytes."""

from collections.abc import Iterator
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - a class, whatever its module calls it

MAX_PARTS: Final = 5_000
MAX_PART: Final = 16 * 1024**2  # decoded bytes of one part
MAX_ALL: Final = 64 * 1024**2  # of all parts that are read
_WRITTEN_SO: Final = (ZIP_STORED, ZIP_DEFLATED)  # by Office; others take any amount of memory
BROKEN: Final = (BadZipFile, ZlibError, EOFError, OSError, RuntimeError, NotImplementedError, ValueError, KeyError)


class Encrypted(Exception):
    """Raised for a document that needs a password."""


class ZipParts:
    """Reads parts by name. Raises one of `BROKEN` when the bytes are no archive."""

    def __init__(self, body: bytes) -> None:
        self._zip = ZipFile(BytesIO(body))
        self._left = MAX_ALL
        # Set once a part was longer than its bound, or there were too many.
        self.is_cut = len(self._zip.namelist()) > MAX_PARTS

    @property
    def names(self) -> list[str]:
        """In the order of the archive, at most `MAX_PARTS`."""
        return self._zip.namelist()[:MAX_PARTS]

    def read(self, name: str) -> bytes:
        """Return the part as far as its bound goes; b"" when it is not there or broken.

        Raises:
            Encrypted: it needs a password.
        """
        try:
            info = self._zip.getinfo(name)
            if info.flag_bits & 1:
                raise Encrypted
            if info.compress_type not in _WRITTEN_SO:
                self.is_cut = True
                return b""
            limit = min(MAX_PART, self._left)
            with self._zip.open(info) as part:
                found = part.read(limit + 1)
        except BROKEN:
            return b""
        if len(found) > limit:
            self.is_cut = True
        self._left -= min(len(found), limit)
        return found[:limit]

    def matching(self, beginning: str, end: str) -> Iterator[str]:
        """Yield the names that begin and end so."""
        return (name for name in self.names if name.startswith(beginning) and name.endswith(end))
