"""Who takes care of a finding and until when: written once for the target, as decisions are (ADR 0042)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Conflict, InvalidInput
from app.core.principal import ASSIGNABLE, VIEWER, Principal
from app.domain.assignments import NO_DUE_DATE
from app.domain.findings import FindingId
from app.domain.task_row import TaskRow
from app.domain.violations import ViolationKey
from app.findings.annotations import serialise_assignment
from app.findings.decisions import find_finding
from app.findings.queries import assignments
from app.identity import accounts
from app.identity.audit import AuditTrail
from app.scans.serialisers import Json
from app.scans.shown_run import RunRef


@dataclass(frozen=True, slots=True)
class WantedAssignment:
    """What is to be said of a finding. All None: nothing any more."""

    assignee_id: str | None
    due_on: date | None

    @property
    def is_empty(self) -> bool:
        return (self.assignee_id, self.due_on) == (None, None)


@dataclass(kw_only=True, eq=False, repr=False)
class AssignmentService:
    """Assigns findings, for the owner of the task and for administrators."""

    db: Database
    clock: Clock
    audit: AuditTrail

    async def assign(
        self, principal: Principal, wanted: RunRef, finding_id: str, said: WantedAssignment, *, version: int
    ) -> Json:
        """Write what is said of a finding, over the assignment of this `version` (0: there is none), and return it.

        An administrator assigns to every active user who may see the scan, others to themselves.

        Raises:
            NotFound: no such task for this principal, or no such finding in the results that are shown.
            InvalidInput: `assignee_unknown`: none of these; whether there is such a user is not said.
            Conflict: `assignment_changed`: somebody else has assigned it since.
        """
        now = self.clock.now()
        found, assigned = await self.db.write(lambda c: _write(c, principal, wanted, finding_id, said, version, now))
        self.audit.record(
            "finding.unassign" if said.is_empty else "finding.assign",
            user_id=principal.user_id,
            address=principal.address,
            object_id=wanted.task_id,
            detail={
                "finding": str(found),
                "assignee": said.assignee_id,
                "due_on": assigned["due_on"],
                "version": assigned["version"],
            },
        )
        return assigned


def unassign_user(connection: Connection, user_id: str, now: datetime, *, only_foreign: bool = False) -> int:
    """Take all findings away from a user whose account ends, or who may see only their own scans from now on
    (`only_foreign`); return how many. In the transaction of that change, so nobody is assigned who is gone.
    """
    return assignments.unassign(connection, user_id, now, only_foreign=only_foreign)


def _write(
    connection: Connection,
    principal: Principal,
    wanted: RunRef,
    finding_id: str,
    said: WantedAssignment,
    version: int,
    now: datetime,
) -> tuple[FindingId, Json]:
    """Return the finding's id and what is said of it."""
    row, found = find_finding(connection, principal, wanted, finding_id)
    finding = FindingId(ViolationKey(found.cause), found.domain)
    target = (row.user_id, row.target_domain)
    values = {
        "assignee_id": said.assignee_id,
        "assignee_name": _name_of(connection, principal, row, finding, said.assignee_id),
        "due_on": said.due_on or NO_DUE_DATE,
        "changed_by_name": principal.username,
        "changed_at": now,
    }
    if not assignments.put(connection, *target, finding, values, version=version):
        raise Conflict(code="assignment_changed")
    written = assignments.find(connection, *target, finding)
    assert written is not None
    return finding, serialise_assignment(written)


def _name_of(
    connection: Connection, principal: Principal, row: TaskRow, finding: FindingId, assignee_id: str | None
) -> str | None:
    """Return the name of who is to be assigned. Raises InvalidInput (`assignee_unknown`)."""
    if assignee_id is None:
        return None
    known = assignments.find(connection, row.user_id, row.target_domain, finding)
    if known is not None and known.assignee_id == assignee_id:
        return str(known.assignee_name)
    if principal.is_admin or assignee_id == principal.user_id:
        accounts.lock(connection, assignee_id)  # an account that ends waits, and takes this away as well
        user = accounts.find_active(connection, assignee_id)
        if user is not None and (user.role in ASSIGNABLE or (user.id == row.user_id and user.role != VIEWER)):
            return str(user.username)
    raise InvalidInput(code="assignee_unknown")
