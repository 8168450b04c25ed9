"""Where captured contents lie, whatever keeps them: the port of the two storages, and what can go wrong with one.

A content lies under the sha256 of what it is, packed (`contents`), and never changes. Many processes put, read and
remove at the same time. What was put within the last day is young, and young contents are not removed: so a scan has
that long to name in its own store what it has put (ADR 0031).
"""

import re
from collections.abc import Iterator
from typing import Final, Protocol

ENDING: Final = ".zst"  # of the names under which packed contents lie
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class ContentMissing(LookupError):
    """Nothing is stored under this hash."""


class ContentDamaged(ValueError):
    """What is stored does not have the hash it lies under."""


class ContentsUnavailable(OSError):
    """The storage does not answer, or refuses: what lies there is not known. The same call may work later."""


class ContentStorage(Protocol):
    """Packed contents by their sha256 in lower case hex. Every call blocks: for threads alone.

    Raises from any call:
        ContentsUnavailable: as above.
        OSError: the disk of a folder is full, or fails.
        ValueError: what was given is no sha256.
    """

    def renew(self, sha256: str) -> int | None:
        """Make what is there young again; its size in bytes, packed. None: nothing is there."""
        ...

    def write(self, sha256: str, packed: bytes) -> None:
        """Store it, young. It appears whole or not at all; who writes what is there already changes nothing else."""
        ...

    def read(self, sha256: str) -> bytes:
        """Return it packed, as it lies there. Raises ContentMissing, ContentDamaged (it is larger than any content)."""
        ...

    def list_all(self) -> Iterator[tuple[str, int]]:
        """Yield every content with its packed size, in no order that counts. One may be gone before it is read."""
        ...

    def list_old(self, before: float) -> Iterator[str]:
        """Yield the contents that nobody has put since `before` (seconds since 1970), and tidy up on the way."""
        ...

    def remove(self, sha256: str, before: float) -> int:
        """Remove a content that nobody has put since `before`; how many bytes that freed, 0 when somebody has.

        Who puts it at the same time has it afterwards.
        """
        ...


def require_sha256(sha256: str) -> str:
    """Return it. Raises ValueError for what could be part of another name."""
    if _SHA256.fullmatch(sha256) is None:
        raise ValueError("not a sha256 in lower case hex")
    return sha256


def is_sha256(name: str) -> bool:
    return _SHA256.fullmatch(name) is not None
