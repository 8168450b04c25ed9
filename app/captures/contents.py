"""Contents as their readers see them: bytes by hash, proven to be what was put."""

from app.captures.packing import digest_of, pack, unpack
from app.captures.port import ContentStorage


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
