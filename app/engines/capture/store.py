"""Content-addressed store: what was captured lies under its sha256, compressed, once.

A file appears whole or not at all, so that a killed scan leaves no half content. Two processes may write the same
content at the same time.
"""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final

import zstandard

LEVEL: Final = 3  # zstd's own default: pages shrink to a fifth at several hundred MB/s
MAX_BYTES: Final = 64 * 1024 * 1024  # of one content when it is read back; captures are at most 5 MiB

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class ContentMissing(LookupError):
    """Nothing is stored under this hash."""


class ContentDamaged(Exception):
    """What is stored does not have the hash it lies under."""


class ContentStore:
    """Files `<root>/<first two digits>/<sha256>.zst`. The calls block; contents are a few MiB at most."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, data: bytes) -> str:
        """Store and return the sha256 in hex. Storing again what is there does nothing."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(path, zstandard.ZstdCompressor(level=LEVEL).compress(data))
        return digest

    def get(self, sha256: str) -> bytes:
        """Raises `ContentMissing`, `ContentDamaged`, or ValueError for what is no sha256 in lower case hex."""
        path = self._path(sha256)
        try:
            data = zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=MAX_BYTES)
        except FileNotFoundError as missing:
            raise ContentMissing(sha256) from missing
        except zstandard.ZstdError as damage:
            raise ContentDamaged(sha256) from damage
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ContentDamaged(sha256)
        return data

    def _path(self, sha256: str) -> Path:
        if _SHA256.fullmatch(sha256) is None:
            raise ValueError("not a sha256 in lower case hex")
        return self._root / sha256[:2] / f"{sha256}.zst"

    @staticmethod
    def _write(path: Path, packed: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(packed)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
