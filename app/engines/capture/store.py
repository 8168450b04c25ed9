"""Content-addressed store: what was captured lies under its sha256, compressed, once for all scans.

A file appears whole or not at all, so that a killed scan leaves no half content. Two processes may write the same
content at the same time, and a third may remove what no scan shows any more (`remove`): whoever stores what is there
already makes it young again, and young contents are not removed.
"""

import hashlib
import os
import re
import tempfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import zstandard

from app.engines.capture.room import CaptureRoom, EndlessRoom

LEVEL: Final = 3  # zstd's own default: pages shrink to a fifth at several hundred MB/s
MAX_BYTES: Final = 64 * 1024 * 1024  # of one content when it is read back; captures are at most 5 MiB
MAX_UNKEPT_BYTES: Final = 32 << 20  # of contents for which there was no room: they are judged, and then forgotten
ENDING: Final = ".zst"
_NEW: Final = ".new-"  # prefix of what is being written
_GONE: Final = ".gone-"  # prefix of what is being removed

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class ContentMissing(LookupError):
    """Nothing is stored under this hash."""


class ContentDamaged(Exception):
    """What is stored does not have the hash it lies under."""


class ContentStore:
    """Files `<root>/<first two digits>/<sha256>.zst`. The calls block; contents are a few MiB at most."""

    def __init__(self, root: Path, room: CaptureRoom | None = None) -> None:
        self._root = root
        self.room: CaptureRoom = room or EndlessRoom()
        self._kept: set[str] = set()  # hashes that were counted
        self._unkept: OrderedDict[str, bytes] = OrderedDict()  # the newest last

    def put(self, data: bytes) -> str:
        """Store and return the sha256 in hex. Storing again what is there only makes it young.

        Where there is no room the content is not kept; for a while it can be read here all the same.
        """
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self._kept and not self._keep(digest, data):
            self._remember(digest, data)
        return digest

    def get(self, sha256: str) -> bytes:
        """Raises `ContentMissing`, `ContentDamaged`, or ValueError for what is no sha256 in lower case hex."""
        path = self._path(sha256)
        if sha256 in self._unkept:
            return self._unkept[sha256]
        try:
            data = zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=MAX_BYTES)
        except FileNotFoundError as missing:
            raise ContentMissing(sha256) from missing
        except zstandard.ZstdError as damage:
            raise ContentDamaged(sha256) from damage
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ContentDamaged(sha256)
        return data

    def resume(self, hashes: Iterable[str]) -> None:
        """What an earlier attempt of the scan has kept counts."""
        for sha256 in hashes:
            if sha256 and sha256 not in self._kept and (size := _renew(self._path(sha256))) is not None:
                self._kept.add(sha256)
                self.room.resume(size)

    # What lies there, for whoever tidies up

    def list_old(self, before: float) -> Iterator[str]:
        """Hashes of the contents that nobody has stored since `before` (seconds since 1970)."""
        for folder in sorted(self._root.glob("[0-9a-f][0-9a-f]")):
            yield from _old_files(folder, before)

    def remove(self, sha256: str, before: float) -> int:
        """Removes a content that nobody has stored since `before`; how many bytes that freed.

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

    def _keep(self, digest: str, data: bytes) -> bool:
        path = self._path(digest)
        size = _renew(path)
        packed = b"" if size is not None else zstandard.ZstdCompressor(level=LEVEL).compress(data)
        if not self.room.take(size or len(packed)):
            return False
        if packed:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(path, packed)
        self._kept.add(digest)
        return True

    def _remember(self, digest: str, data: bytes) -> None:
        self._unkept[digest] = data
        while len(self._unkept) > 1 and sum(map(len, self._unkept.values())) > MAX_UNKEPT_BYTES:
            self._unkept.popitem(last=False)

    def _path(self, sha256: str) -> Path:
        if _SHA256.fullmatch(sha256) is None:
            raise ValueError("not a sha256 in lower case hex")
        return self._root / sha256[:2] / f"{sha256}{ENDING}"

    @staticmethod
    def _write(path: Path, packed: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_NEW)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(packed)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _renew(path: Path) -> int | None:
    """Makes a stored content young; its size, or None when it is not there."""
    try:
        os.utime(path)
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _old_files(folder: Path, before: float) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # taken away or finished meanwhile
                if entry.stat().st_mtime >= before:
                    continue
                if entry.name.startswith(_NEW):  # left by a process that was killed
                    Path(entry).unlink()
                elif entry.name.startswith(_GONE):
                    Path(entry).rename(folder / entry.name.removeprefix(_GONE))
                elif entry.name.endswith(ENDING):
                    yield entry.name.removesuffix(ENDING)
