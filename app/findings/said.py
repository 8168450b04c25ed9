"""What people have said about the findings of a scan: decisions, assignments and comments."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Self

from sqlalchemy import Connection, Row

from app.core.clock import to_wire
from app.core.redact import display_text, display_value
from app.domain.assignments import LAST_DUE_DATE
from app.domain.decisions import DecisionState
from app.domain.task_row import TaskRow
from app.findings.queries import assignments, comments, decisions, findings
from app.scans.serialisers import Json


class Decisions:
    """Current decisions about the findings of one run, and the resulting state of each finding."""

    def __init__(self, decided: Iterable[Row[Any]], found: Iterable[Row[Any]]) -> None:
        """`found`: rows of `findings`, those of the run that `decided` are about."""
        self._decided = {(row.cause, row.domain): row for row in decided}
        self._states: dict[tuple[str, str], str] = {(row.cause, row.domain): row.state for row in found}

    @classmethod
    def read(cls, connection: Connection, row: TaskRow, domains: Sequence[str] | None = None) -> Self:
        """Read what is decided of the run's findings at these domains, at all of them with None."""
        target = (row.user_id, row.target_domain)
        if domains is None:
            decided = decisions.of_target(connection, *target)
        else:
            decided = decisions.of_domains(connection, *target, domains)
        return cls(decided, findings.of_domains(connection, row.id, row.run, {item.domain for item in decided}))

    def state_of(self, finding: Row[Any]) -> str:
        """Return the state of a finding of the run: without a decision it is open."""
        return self._states.get((finding.cause, finding.domain), DecisionState.OPEN.value)

    def of(self, one: Row[Any]) -> Json | None:
        """Return `findings.schemas.decisions.DecisionInfo` of a finding, or of the one that a violation is part of;
        None: nobody has decided anything.
        """
        decided = self._decided.get((one.cause, one.domain))
        return None if decided is None else serialise_decision(decided, is_valid=self.state_of(one) == decided.state)


class Assignments:
    """Who takes care of the findings of one target."""

    def __init__(self, assigned: Iterable[Row[Any]]) -> None:
        self._assigned = {(row.cause, row.domain): row for row in assigned}

    @classmethod
    def read(
        cls, connection: Connection, row: TaskRow, domains: Sequence[str] | None = None, *, is_shared: bool
    ) -> Self:
        """Read what is said of the findings of a task's target at these domains, at all of them with None.

        `is_shared`: for a reader with a read-only link, who sees no assignments: they are for colleagues.
        """
        if is_shared:
            return cls([])
        target = (row.user_id, row.target_domain)
        if domains is None:
            return cls(assignments.of_target(connection, *target))
        return cls(assignments.of_domains(connection, *target, domains))

    def of(self, one: Row[Any]) -> Json | None:
        """Return `findings.schemas.decisions.AssignmentInfo` of a finding, or of the one that a violation is part of;
        None: nobody has ever said anything.
        """
        row = self._assigned.get((one.cause, one.domain))
        return None if row is None else serialise_assignment(row)


class Comments:
    """The comments on findings of one target."""

    def __init__(self, said: Iterable[Row[Any]]) -> None:
        """`said`: those of a finding in the order of time."""
        self._said: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
        for row in said:
            self._said[row.cause, row.domain].append(row)

    @classmethod
    def read(
        cls, connection: Connection, row: TaskRow, domains: Sequence[str] | None = None, *, is_shared: bool
    ) -> Self:
        """Read what is said of the findings of a task's target at these domains, of all of them with None.

        `is_shared`: for a reader with a read-only link, who sees no comments: they are for colleagues.
        """
        if is_shared:
            return cls([])
        target = (row.user_id, row.target_domain)
        if domains is None:
            return cls(comments.of_target(connection, *target))
        return cls(comments.of_domains(connection, *target, domains))

    def of(self, one: Row[Any]) -> list[Json]:
        """Return `findings.schemas.comments.CommentInfo` of a finding, or of the one that a violation is part of, the
        first one first.
        """
        return [serialise_comment(row) for row in self._said.get((one.cause, one.domain), ())]


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


def serialise_decision(row: Row[Any], *, is_valid: bool) -> Json:
    """Return `findings.schemas.decisions.DecisionInfo`."""
    expires_on = row.expires_on if row.state == DecisionState.DISMISSED else None
    return {
        "state": row.state,
        "reason": None if row.reason is None else display_text(row.reason),
        "expires_on": None if expires_on is None else expires_on.isoformat(),
        "decided_by": display_text(row.decided_by_name),
        "decided_at": to_wire(row.decided_at),
        "version": row.version,
        "holds": is_valid,
        "expired": expires_on is not None and row.expired_at is not None,
    }


def serialise_assignment(row: Row[Any]) -> Json:
    """Return `findings.schemas.decisions.AssignmentInfo`."""
    assignee = None
    if row.assignee_id is not None:
        assignee = {"user_id": row.assignee_id, "username": display_text(row.assignee_name)}
    return {
        "assignee": assignee,
        "due_on": row.due_on.isoformat() if row.due_on <= LAST_DUE_DATE else None,
        "changed_by": None if row.changed_by_name is None else display_text(row.changed_by_name),
        "changed_at": to_wire(row.changed_at),
        "version": row.version,
    }


def serialise_comment(row: Row[Any]) -> Json:
    """Return `findings.schemas.comments.CommentInfo`."""
    return {
        "author": None if row.author_name is None else display_text(row.author_name),
        "created_at": to_wire(row.created_at),
        "text": display_value(row.text, breaks=True),
    }
