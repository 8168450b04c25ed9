"""Joint result of the scans of an order. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.domain.tasks import ACTIVE, TaskStatus
from app.domain.verdict import Result
from app.domain.violations import WORST_FIRST

MAX_TARGETS: Final = 500  # of one order: its rows are written in one transaction, and its summary is one answer
MAX_TITLE: Final = 200  # characters
_UNFINISHED: Final = frozenset({TaskStatus.PENDING, *ACTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one scan of an order stands: where its newest attempt is, and what the results claim that stand for it."""

    target_domain: str
    status: str
    verdict: Mapping[str, Any] | None  # of the results that stand for the task; None: they claim nothing
    finding_counts: Mapping[str, int]  # of the same results, as they were found
    open_counts: Mapping[str, int]  # the same without what was dismissed

    @property
    def is_unfinished(self) -> bool:
        return self.status in _UNFINISHED

    @property
    def result(self) -> Result | None:
        """What is known of the target; None while nobody knows. What was found counts although the scan did not end
        well, and a scan that ended without a verdict has seen too little.
        """
        if self.finding_counts.get("total"):
            return Result.VIOLATIONS
        if self.verdict is not None:
            return Result(self.verdict["result"])
        return None if self.is_unfinished else Result.INCONCLUSIVE

    def urgency(self) -> tuple[Any, ...]:
        """Sort key of a list: the worst first, then inconclusive, then unfinished, clean ones last."""
        counts = [-self.open_counts.get(risk, 0) for risk in WORST_FIRST]
        unknown = (Result.VIOLATIONS, Result.INCONCLUSIVE, None, Result.CLEAN).index(self.result)
        return counts, unknown, self.target_domain


def result_of_all(standings: Collection[Standing]) -> Result | None:
    """Return what may be said of all targets together; None while a scan is unfinished, or when there is none.

    One violation is enough; clean are all only when each is.
    """
    if not standings or any(standing.is_unfinished for standing in standings):
        return None
    results = {standing.result for standing in standings}
    return next(result for result in (Result.VIOLATIONS, Result.INCONCLUSIVE, Result.CLEAN) if result in results)
