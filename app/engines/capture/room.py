"""How much a scan may keep of what it captures. The contents that are not kept are judged all the same."""

from typing import Literal, Protocol

Refusal = Literal["scan", "user", "all", "disk"]


class CaptureRoom(Protocol):
    """Counts what one scan keeps. All calls are quick; the event loop's alone."""

    @property
    def refusal(self) -> Refusal | None:
        """Which limit was met: the scan's own, its user's, everybody's, or the free space. None: none was."""
        ...

    def take(self, size: int) -> bool:
        """Whether so many bytes more may be kept; if so they count. After a refusal nothing more is."""
        ...

    def resume(self, size: int) -> None:
        """So many bytes were kept by an earlier attempt of the same run: they count here, and were counted."""
        ...


class EndlessRoom:
    """Fulfils `CaptureRoom` where nobody counts."""

    refusal: Refusal | None = None

    def take(self, size: int) -> bool:  # noqa: ARG002 - the port's shape
        return True

    def resume(self, size: int) -> None:
        """Nothing is counted."""
