"""How long the storage of captures has been away, for everybody in one scan who asks it. No I/O; the loop's alone."""

from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 60.0  # how long a scan waits for a storage that is away; its time limit goes on meanwhile
PROBE_EVERY_S: Final = 30.0  # how often somebody asks one that is not waited for any longer


class StorageOutage:
    """Waited for at first, then given up; who asks now and then finds out that it is over."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since: float | None = None  # None: the storage answers
        self._probe_at = 0.0  # when it is asked again; valid once it is given up
        self._is_given_up = False
        # That there was an outage which was given up.
        self.was_given_up = False

    def may_ask(self) -> bool:
        """Whether to ask the storage now. One that was given up is asked by one at a time, and seldom."""
        if not self._is_given_up:
            return True
        if self._monotonic() < self._probe_at:
            return False
        self._probe_at = self._monotonic() + PROBE_EVERY_S
        return True

    def note_failure(self) -> bool:
        """Note that it did not answer. Returns whether it is worth waiting for."""
        now = self._monotonic()
        if self._since is None:
            self._since = now
        if now - self._since >= PATIENCE_S and not self._is_given_up:
            self._is_given_up = self.was_given_up = True
            self._probe_at = now + PROBE_EVERY_S
        return not self._is_given_up

    def note_answer(self) -> bool:
        """Note that it answered. Returns whether that ended an outage."""
        was_away = self._since is not None
        self._since, self._is_given_up = None, False
        return was_away
