"""Limits the log lines that a task keeps, by number per second and by bytes in all. Pure; time comes in as numbers.

A scan of a site that makes an error on every page would otherwise fill the database with lines that nobody reads. What
is left out is counted, and one line says how many: after each second that had too many, and at the end of a log that is
full.
"""

from typing import Final

WINDOW_S: Final = 1.0


class LineLimit:
    """Counts per second from its first line on, so that one second leaves one line about omissions, not many."""

    def __init__(self, *, lines_per_s: int, max_bytes: int, used_bytes: int = 0) -> None:
        """`used_bytes`: of the task's lines of earlier attempts."""
        self._lines_per_s = lines_per_s
        self._left_bytes = max_bytes - used_bytes
        self._until = 0.0  # end of the second that is counted
        self._lines = 0  # kept in it
        self.dropped = 0  # lines that were left out and not reported yet

    @property
    def is_full(self) -> bool:
        """Whether no further line will be kept."""
        return self._left_bytes <= 0

    def admit(self, size: int, now: float) -> bool:
        """Whether a line of `size` bytes is kept. The line that reaches the limit of bytes is kept, and is the last."""
        if now >= self._until:
            self._until, self._lines = now + WINDOW_S, 0
        if self.is_full or self._lines >= self._lines_per_s:
            self.dropped += 1
            return False
        self._lines += 1
        self._left_bytes -= size
        return True

    def due_at(self) -> float | None:
        """Return when the omissions are reported; None: there are none, or only the log's end reports them."""
        return self._until if self.dropped and not self.is_full else None

    def take_dropped(self, now: float, *, everything: bool = False) -> int:
        """Return how many lines were left out, if it is time to report that; else 0."""
        due_at = self.due_at()
        if not everything and (due_at is None or now < due_at):
            return 0
        dropped, self.dropped = self.dropped, 0
        return dropped
