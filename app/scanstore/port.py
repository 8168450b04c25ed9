"""Interface of stores of scan results: reading and removing them.

What a scan writes through is `engines.ports.ScanStore`. A store is that of one run: a requeue goes on in it, a retry by
a user gets a new one.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from app.scanstore.rows import Row

if TYPE_CHECKING:
    from app.scanstore.evidence_reader import EvidenceReader


class RowSource(Protocol):
    """The rows of one run, for one thread at a time."""

    @property
    def present(self) -> bool:
        """Whether there is a store of this run; one that was removed meanwhile is empty."""
        ...

    def read(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Ask over the tables of `schema`, which hold this run alone; a parameter that is a tuple is a list.

        Raises StoreUnavailable.
        """
        ...

    def close(self) -> None:
        """May be called twice; afterwards there is nothing."""
        ...


class ScanStores(Protocol):
    """The stores of all runs. Every method may be called from any thread, and blocks."""

    def reader(self, task_id: str, run: int) -> "EvidenceReader":
        """Open a reader for one thread at a time; that of a missing store is empty. Raises ScanStoreError."""
        ...

    def shown_among(self, hashes: set[str]) -> Iterator[set[str]]:
        """Yield those of the contents' hashes that a run's captures name, in as many parts as it takes; a part may be
        empty. Nothing is left out that a store named when this began.

        Raises ScanStoreError: a store cannot be read, so that what it names is not known.
        """
        ...


class StoreRemoval(Protocol):
    """Removes what runs of a task have collected; captures stay, which other scans may share. Blocking."""

    def require_writable(self) -> None:
        """Raise OSError when nothing can be removed now."""
        ...

    def __call__(self, task_id: str, last_run: int, *, first_run: int = 1) -> None:
        """Remove the stores of these runs; may be called again. Raises OSError."""
        ...
