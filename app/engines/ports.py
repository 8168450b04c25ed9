"""What the engine needs from the outside. Implemented in `tasks` (sink) and `scanstore` (store)."""

from typing import Protocol

from app.domain.stages import StageKey, StageStatus
from app.engines.model import Counts, ViolationFact


class ScanStopped(Exception):  # noqa: N818 - the scan is stopped, nothing went wrong
    """The attempt is cancelled, stale or finished: unwind, write nothing more."""


class ScanSink(Protocol):
    """Where a running scan reports. All calls are ordered; each may wait (back-pressure), none loses anything
    but superseded progress.

    Raises `ScanStopped` from any call once the attempt is cancelled, stale or finished: the scan then stops.
    """

    async def stage(self, key: StageKey, status: StageStatus, *, duration_ms: int | None = None) -> None:
        """A stage changed. Stages may start early, but they end in order."""
        ...

    async def progress(self, key: StageKey, fraction: float, message: str, counts: Counts) -> None:
        """How far a stage is, 0.0..1.0. May be called often: the sink thins it out."""
        ...

    async def log(self, level: str, module: str, message: str) -> None:
        """One line for people. `level`: DEBUG, INFO, WARNING, ERROR. URLs in it are redacted by the sink."""
        ...

    async def warning(self, code: str, message: str) -> None:
        """`degraded` or `partial`; each code and message is said once per attempt."""
        ...

    async def violation(self, fact: ViolationFact) -> bool:
        """Commits the violation at once. False: this one was known already (same domain and key)."""
        ...
