"""The gzip bomb: small on the wire, large when it is opened, and bounded."""

import zlib
from functools import cache

BOMB_BYTES = 100 * 1024 * 1024
CHUNK = bytes(1024 * 1024)
HEAD = "<!doctype html><title>备份</title>".encode()


@cache
def compress_zeros() -> bytes:
    """A gzip stream of some 100 kB that opens to 100 MiB; made once per process, in a fraction of a second."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    parts = [packer.compress(HEAD), *(packer.compress(CHUNK) for _ in range(BOMB_BYTES // len(CHUNK)))]
    return b"".join([*parts, packer.flush()])
