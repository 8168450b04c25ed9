"""How contents are packed, and how it is proven that what comes back is what was put. Pure."""

import hashlib
from typing import Final

import zstandard

from app.captures.port import ContentDamaged

LEVEL: Final = 3  # zstd's own default: pages shrink to a fifth at several hundred MB/s
MAX_BYTES: Final = 64 << 20  # of one content when it is read back; captures are at most 5 MiB
MAX_PACKED_BYTES: Final = MAX_BYTES + (1 << 20)  # what cannot be made smaller grows a little


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
