"""What people have said about the findings of a scan: decisions, assignments and comments."""

from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy import Connection, Row

from app.domain.task_row import TaskRow
from app.findings.assignments import Assignments
from app.findings.comments import Comments
from app.findings.decisions import Decisions
from app.scans.serialisers import Json


class Said:
    """What is said about the findings of one run, in a document of the finding or of a violation that is part of it."""

    def __init__(self, decided: Decisions, assigned: Assignments, comments: Comments) -> None:
        self._decided = decided
        self._assigned = assigned
        self._comments = comments

    @classmethod
    def read(
        cls, connection: Connection, row: TaskRow, domains: Sequence[str] | None = None, *, is_shared: bool
    ) -> Self:
        """Read what is said about the run's findings at these domains, at all of them with None.

        `is_shared`: for a reader with a read-only link, who sees the decisions alone: the rest is for colleagues.
        """
        return cls(
            Decisions.read(connection, row, domains),
            Assignments.read(connection, row, domains, is_shared=is_shared),
            Comments.read(connection, row, domains, is_shared=is_shared),
        )

    def state_of(self, finding: Row[Any]) -> str:
        """Return the state of a finding of the run: without a decision it is open."""
        return self._decided.state_of(finding)

    def of(self, one: Row[Any]) -> Json:
        """Return `decision`, `assignment` and `comments` of a finding, or of the one that a violation is part of."""
        return {
            "decision": self._decided.of(one),
            "assignment": self._assigned.of(one),
            "comments": self._comments.of(one),
        }
