"""A ZIP file as a stream: entries are given out while they are written, however large they are."""

import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Final, cast

# One moment for all entries: the same contents make the same bytes. 1980 is the first year that a ZIP can say.
MOMENT: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o600 << 16  # rights of an extracted file


class _Drained:
    """A file that cannot be sought in, so that `zipfile` writes forward alone."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """For `zipfile`, which asks for it."""

    def take(self) -> bytes:
        """Return what was written since."""
        data, self._waiting = b"".join(self._waiting), []
        return data


class ZipStream:
    """Add entries one after the other, and give out what each yields; `end` is the directory at the end."""

    def __init__(self) -> None:
        self._file = _Drained()
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._file), "w", zipfile.ZIP_DEFLATED, allowZip64=True)

    def entry(self, name: str, pieces: Iterable[bytes], *, compressed: bool = True) -> Iterator[bytes]:
        """Write one file. `name` is ours: nothing that a page has a say in."""
        info = zipfile.ZipInfo(name, MOMENT)
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        info.external_attr = _MODE
        with self._zip.open(info, "w", force_zip64=True) as entry:
            for piece in pieces:
                entry.write(piece)
                if data := self._file.take():
                    yield data
        yield self._file.take()

    def end(self) -> Iterator[bytes]:
        self._zip.close()
        yield self._file.take()
