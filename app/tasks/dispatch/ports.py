"""What the runner and the workers need of the queue."""

from typing import Protocol


class Wakeups(Protocol):
    """Both calls block; from any thread."""

    def send(self, count: int) -> None:
        """Send so many messages. Raises Unavailable: some or all were not sent."""
        ...

    def wake_browser(self) -> None:
        """Have one browser worker look whether pages wait to be rendered. Raises Unavailable."""
        ...

    def count_waiting(self) -> int:
        """Return how many messages nobody has taken yet. Raises Unavailable."""
        ...
