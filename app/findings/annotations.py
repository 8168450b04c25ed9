"""What people have said about the findings of a scan: decisions, assignments and comments."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, Self

from sqlalchemy import Connection, Row

from app.core.clock import to_wire
from app.core.redact import display_text, display_value
from app.domain.assignments import LAST_DUE_DATE
from app.domain.decisions import DecisionState
from app.domain.task_row import TaskRow
from app.findings.queries import assignments, comments, decisions, findings
from app.scans.serialisers import Json


class _Queries(Protocol):
    def of_target(self, connection: Connection, user_id: str, target_domain: str) -> list[Row[Any]]: ...

    def of_domains(
        self, connection: Connection, user_id: str, target_domain: str, domains: Sequence[str]
    ) -> list[Row[Any]]: ...


class Annotations:
    """What is said about the findings of one run. It is written for the target, whatever the run."""

    def __init__(
        self,
        *,
        decided: Iterable[Row[Any]],
        found: Iterable[Row[Any]],
        assigned: Iterable[Row[Any]] = (),
        commented: Iterable[Row[Any]] = (),
    ) -> None:
        """`found`: rows of `findings`, those of the run that `decided` are about. `commented`: those of a finding in
        the order of time.
        """
        self._decided = {(row.cause, row.domain): row for row in decided}
        self._states: dict[tuple[str, str], str] = {(row.cause, row.domain): row.state for row in found}
        self._assigned = {(row.cause, row.domain): row for row in assigned}
        self._commented: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
        for row in commented:
            self._commented[row.cause, row.domain].append(row)

    @classmethod
    def read(
        cls, connection: Connection, row: TaskRow, domains: Sequence[str] | None = None, *, is_shared: bool
    ) -> Self:
        """Read what is said about the run's findings at these domains, at all of them with None.

        `is_shared`: for a reader with a read-only link, who sees the decisions alone: the rest is for colleagues.
        """

        def rows_of(queries: _Queries) -> list[Row[Any]]:
            if domains is None:
                return queries.of_target(connection, row.user_id, row.target_domain)
            return queries.of_domains(connection, row.user_id, row.target_domain, domains)

        decided = rows_of(decisions)
        found = findings.of_domains(connection, row.id, row.run, {item.domain for item in decided})
        if is_shared:
            return cls(decided=decided, found=found)
        return cls(decided=decided, found=found, assigned=rows_of(assignments), commented=rows_of(comments))

    def state_of(self, finding: Row[Any]) -> str:
        """Return the state of a finding of the run: without a decision it is open."""
        return self._states.get((finding.cause, finding.domain), DecisionState.OPEN.value)

    def of(self, one: Row[Any]) -> Json:
        """Return `decision`, `assignment` and `comments` of a finding, or of the one that a violation is part of.

        `decision` and `assignment` are None where nobody has decided or assigned anything; the first comment is first.
        """
        key = (one.cause, one.domain)
        decided, assigned = self._decided.get(key), self._assigned.get(key)
        is_valid = decided is not None and self.state_of(one) == decided.state
        return {
            "decision": None if decided is None else serialise_decision(decided, is_valid=is_valid),
            "assignment": None if assigned is None else serialise_assignment(assigned),
            "comments": [serialise_comment(comment) for comment in self._commented.get(key, ())],
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
