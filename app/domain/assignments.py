"""Who takes care of a finding and until when (ADR 0042), and which findings of the review a reader asks for."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.domain.decisions import DecisionState

FIRST_DUE_DATE: Final = date(2000, 1, 1)
LAST_DUE_DATE: Final = date(2199, 12, 31)
NO_DUE_DATE: Final = date.max  # in the database: it is ordered behind all others
WEEK: Final = timedelta(days=7)


class Due(StrEnum):
    """When findings are due. Days are those of UTC."""

    OVERDUE = "overdue"  # before today
    WEEK = "week"  # today or within the next seven days


class ReviewOrder(StrEnum):
    """Order of the review. `due`: the earliest due date first, findings without one last."""

    DUE = "due"


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which findings the review has. None does not filter."""

    state: DecisionState = DecisionState.OPEN
    assignee_id: str | None = None
    is_unassigned: bool = False  # only those without an assignee; `assignee_id` is None then
    due: Due | None = None
    is_by_due: bool = False  # the earliest due date first; always so with an assignee or `due`

    @property
    def begins_with_assignments(self) -> bool:
        """Return whether the list is made from assignments, and not only from what needs a review."""
        return self.assignee_id is not None or self.due is not None or self.is_by_due

    @property
    def ends_with_undated(self) -> bool:
        """Return whether what needs a review and has no due date follows behind the assignments."""
        return self.is_by_due and self.assignee_id is None and self.due is None


def days_of(due: Due | None, today: date) -> tuple[date, date]:
    """Return the first and the last due date that match; None: all there are."""
    match due:
        case None:
            return FIRST_DUE_DATE, LAST_DUE_DATE
        case Due.OVERDUE:
            return FIRST_DUE_DATE, today - timedelta(days=1)
        case Due.WEEK:
            return today, today + WEEK
