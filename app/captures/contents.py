"""Contents as their readers see them: bytes by hash, proven to be what was put; and how they are packed."""

import hashlib
from typing import Final

import zstandard

from app.captures.port import ContentDamaged, ContentStorage

LEVEL: Final = 3  # zstd's own default: pages shrink to a fifth at several hundred MB/s
MAX_BYTES: Final = 64 << 20  # of one content when it is read back; captures are at most 5 MiB
MAX_PACKED_BYTES: Final = MAX_BYTES + (1 << 20)  # what cannot be made smaller grows a little


class Contents:
    """Over either storage. The calls block; contents are a few MiB at most, and are read whole: only then is it known
    that they are the right ones.
    """

    def __init__(self, storage: ContentStorage) -> None:
        self._storage = storage

    def put(self, data: bytes) -> str:
        """Store it and return its sha256 in hex. Storing again what is there only makes it young."""
        digest = digest_of(data)
        if self._storage.renew(digest) is None:
            self._storage.write(digest, pack(data))
        return digest

    def get(self, sha256: str) -> bytes:
        """Raises ContentMissing, ContentDamaged, ContentsUnavailable, or ValueError for what is no sha256."""
        return unpack(sha256, self._storage.read(sha256))


def digest_of(data: bytes) -> str:
    """Return the hash under which it lies."""
    return hashlib.sha256(data).hexdigest()


def pack(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=LEVEL).compress(data)


def unpack(sha256: str, packed: bytes) -> bytes:
    """Return the content. Raises ContentDamaged when it is none, is too large, or has another hash."""
    try:
        if zstandard.frame_content_size(packed) > MAX_BYTES:  # which `max_output_size` would not stop
            raise ContentDamaged(sha256)
        data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_BYTES)
    except zstandard.ZstdError as damage:
        raise ContentDamaged(sha256) from damage
    if digest_of(data) != sha256:
        raise ContentDamaged(sha256)
    return data
