"""Where a reader of a task's log stands, and how far the log is known to be."""

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class LogPosition:
    """The rule that sockets and event streams share: hints only raise the target, and rows are taken in order.

    A lost hint is made up for by the sweep, a doubled or late one changes nothing.
    """

    cursor: int = 0  # seq of the row that was taken last
    target_seq: int = 0  # the highest seq that a hint or the sweep spoke of
    swept_cursor: int | None = None  # the cursor before the read of the sweep

    @property
    def behind(self) -> bool:
        return self.cursor < self.target_seq

    def raise_target(self, seq: int) -> None:
        """Raise the target to `seq`."""
        self.target_seq = max(self.target_seq, seq)

    def give_up(self) -> None:
        """Give up the target: wait for the next hint, or for the sweep."""
        self.target_seq = self.cursor
