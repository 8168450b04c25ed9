"""What evidence needs besides the scan's file; `compose` provides it."""

from typing import Protocol


class CapturedContent(Protocol):
    """The contents that scans have captured, by their hash (`captures.contents`). Blocking."""

    def get(self, sha256: str) -> bytes:
        """Raises LookupError when nothing lies there, ValueError when what lies there is damaged, OSError when the
        storage does not answer.
        """
        ...
