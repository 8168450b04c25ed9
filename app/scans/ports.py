"""Protocols of the collaborators that the use cases need; `compose` chooses the implementations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class ScanRunner(Protocol):
    """Runs pending tasks. The database is the truth: both calls are hints that make it quick.

    `wake` and `cancel` never block and never raise; they are called after COMMIT on the event loop.
    """

    def wake(self) -> None:
        """A task became pending, or one that waited is gone: look."""
        ...

    def cancel(self, task_id: str) -> None:
        """The task became `cancelling`."""
        ...

    async def start(self) -> None:
        """Requeues what ran when the last server ended, then begins to run what is pending."""
        ...

    async def stop(self) -> None:
        """Ends all scans from their checkpoints; nothing runs afterwards. May be called without `start`, and twice."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrder:
    """A document that is to be made of the results of one attempt, in `language`, or of all scans of an order, which
    `order_id` names, or of third parties of all sites (`inventory.party_export`): then what names an attempt is empty.

    `kind`: a `domain.report_format.ReportFormat`, or REFERENCES, which a `domain` narrows.
    """

    task_id: str
    attempt: int
    site: str  # registrable domain of the target
    kind: str
    language: str
    made_at: datetime
    made_by: str = ""
    domain: str | None = None
    order_id: str | None = None
    parties: Mapping[str, Any] | None = None
    is_shared: bool = False  # for a reader with a read-only link
    findings: tuple[str, ...] = ()  # ids: only these, and what belongs to them; none: all


class ReportPieces(Protocol):
    """A document while it is made."""

    async def read(self) -> bytes | None:
        """Return the next piece; None at the end.

        Raises:
            NotFound: there is nothing of what the order names.
            Unavailable: results are missing or cannot be read, or the process that makes the document is gone.
        """
        ...

    async def close(self) -> None:
        """End what makes it, at once and in the middle. May be called twice."""
        ...


class ReportProcesses(Protocol):
    """Makes documents beside the event loop, which shares its interpreter with every thread."""

    async def open(self, order: ReportOrder) -> ReportPieces:
        """Begin. The caller closes it. Raises Unavailable: no process can be started."""
        ...
