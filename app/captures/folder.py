"""Contents in a local folder, which scans and servers of one machine (or of one shared disk) have in common."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.captures.contents import MAX_PACKED_BYTES
from app.captures.port import ENDING, ContentDamaged, ContentMissing, is_sha256, require_sha256

_NEW: Final = ".new-"  # prefix of what is being written
_GONE: Final = ".gone-"  # prefix of what is being removed


class FolderStorage:
    """Fulfils `ContentStorage` with files `<root>/<first two digits>/<sha256>.zst`.

    How young a content is says its file's time of change.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def renew(self, sha256: str) -> int | None:
        path = self._path(sha256)
        try:
            os.utime(path)
            return path.stat().st_size
        except FileNotFoundError:
            return None

    def write(self, sha256: str, packed: bytes) -> None:
        path = self._path(sha256)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_NEW)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(packed)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def read(self, sha256: str) -> bytes:
        path = self._path(sha256)
        try:
            with path.open("rb") as file:
                packed = file.read(MAX_PACKED_BYTES + 1)
        except FileNotFoundError as missing:
            raise ContentMissing(sha256) from missing
        except IsADirectoryError as damage:
            raise ContentDamaged(sha256) from damage
        if len(packed) > MAX_PACKED_BYTES:
            raise ContentDamaged(sha256)
        return packed

    def list_all(self) -> Iterator[tuple[str, int]]:
        for folder in self._folders():
            for entry in _files(folder):
                if is_sha256(name := entry.name.removesuffix(ENDING)) and name != entry.name:
                    with suppress(FileNotFoundError):  # nobody refers to it any more, and it was removed
                        yield name, entry.stat().st_size

    def list_old(self, before: float) -> Iterator[str]:
        for folder in self._folders():
            yield from _old_files(folder, before)

    def remove(self, sha256: str, before: float) -> int:
        """Remove as the port says.

        It is looked at once more after it was put aside: who stored it a moment ago gets it back, who does so from now
        on finds nothing and writes it anew.
        """
        path = self._path(sha256)
        aside = path.with_name(_GONE + path.name)
        try:
            path.rename(aside)
            found = aside.stat()
            if found.st_mtime >= before:
                aside.rename(path)
                return 0
            aside.unlink()
        except FileNotFoundError:
            return 0
        return found.st_size

    def _folders(self) -> list[Path]:
        return sorted(self._root.glob("[0-9a-f][0-9a-f]"))

    def _path(self, sha256: str) -> Path:
        return self._root / require_sha256(sha256)[:2] / f"{sha256}{ENDING}"


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries


def _old_files(folder: Path, before: float) -> Iterator[str]:
    for entry in _files(folder):
        with suppress(FileNotFoundError):  # taken away or finished meanwhile
            if entry.stat().st_mtime >= before:
                continue
            if entry.name.startswith(_NEW):  # left by a process that was killed
                Path(entry).unlink()
            elif entry.name.startswith(_GONE):
                Path(entry).rename(folder / entry.name.removeprefix(_GONE))
            elif entry.name.endswith(ENDING):
                yield entry.name.removesuffix(ENDING)
