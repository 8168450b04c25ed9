"""What a scan may keep of its captures, as the port that counts it."""

from typing import Literal, Protocol

Refusal = Literal["scan", "user", "all", "disk"]


class CaptureQuota(Protocol):
    """Counts what one scan keeps. All calls are quick; the event loop's alone."""

    @property
    def refusal(self) -> Refusal | None:
        """Which limit was met: the scan's own, its user's, everybody's, or the free space. None: none was."""
        ...

    def take(self, size: int) -> bool:
        """Whether so many bytes more may be kept; if so they count. After a refusal nothing more is."""
        ...

    def give_back(self, size: int) -> None:
        """So many bytes that were taken could not be stored."""
        ...

    def resume(self, size: int) -> None:
        """So many bytes were kept by an earlier attempt of the same run: they count here, and were counted."""
        ...


class UnlimitedQuota:
    """Fulfils `CaptureQuota` where nobody counts."""

    refusal: Refusal | None = None

    def take(self, size: int) -> bool:  # noqa: ARG002 - the port's shape
        return True

    def give_back(self, size: int) -> None:
        """Nothing is counted."""

    def resume(self, size: int) -> None:
        """Nothing is counted."""
