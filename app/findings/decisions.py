"""What people decide about findings: written once for the target, and found again by its next scan (ADR 0042)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.principal import Principal
from app.domain.decisions import CONFIRMING, DecisionState, combined_basis
from app.domain.findings import FindingId
from app.domain.local_reading import LEARNT
from app.domain.task_row import TaskRow
from app.domain.violations import Layer, ViolationKey
from app.findings.annotations import serialise_decision
from app.findings.queries import decisions, findings, violations
from app.findings.queries.bases import bases_at, basis_columns, decided_of
from app.identity.audit import AuditTrail
from app.scans.serialisers import Json
from app.scans.shown_run import RunRef, find_shown
from app.scanstore.errors import ScanStoreError
from app.scanstore.port import ScanStores
from app.site_counts.service import recount

# What speaks of the page itself: a list names hosts, whatever stands there, those that were broken into among them.
_SEEN: Final = frozenset(Layer) - {Layer.REPUTATION}


@dataclass(frozen=True, slots=True)
class WantedDecision:
    """What is to be decided about a finding. `expires_on`: day (UTC) from which on it is open again; None: never."""

    state: DecisionState
    reason: str | None = None
    expires_on: date | None = None

    def check(self, today: date) -> None:
        """Raises InvalidInput."""
        is_dismissal = self.state is DecisionState.DISMISSED
        if is_dismissal and self.reason is None:
            raise InvalidInput(code="reason_missing")
        if self.expires_on is None:
            return
        if not is_dismissal:
            raise InvalidInput(code="expiry_without_dismissal")
        if self.expires_on <= today:
            raise InvalidInput(code="expiry_passed", today=today.isoformat())


@dataclass(kw_only=True, eq=False, repr=False)
class DecisionService:
    """Decides about findings, for the owner of the task and for administrators."""

    db: Database
    clock: Clock
    audit: AuditTrail
    stores: ScanStores
    on_change: Callable[[str], None] = lambda _: None  # is told whose findings they are

    async def decide(
        self, principal: Principal, wanted: RunRef, finding_id: str, said: WantedDecision, *, version: int
    ) -> Json:
        """Write what was decided, over the decision of this `version` (0: there is none), and return it.

        What is confirmed keeps how its page looked, so that later scans know pages like it; what is not, loses it. A
        finding that is dismissed again stays dismissed for all that either decision was about.

        Raises:
            NotFound: no such task for this principal, or no such finding in the results that are shown.
            InvalidInput: `reason_missing`: nothing is dismissed without one. `expiry_without_dismissal`: nothing else
                expires. `expiry_passed`: the day is not in the future.
            Conflict: `decision_changed`: somebody else has decided since.
        """
        now = self.clock.now()
        said.check(now.date())
        values = {
            "state": said.state.value,
            "reason": said.reason,
            "expires_on": said.expires_on,
            "expired_at": None,
            "decided_by": principal.user_id,
            "decided_by_name": principal.username,
            "decided_at": now,
        }
        if said.state not in CONFIRMING:
            values |= {"look": None, "icon": None}
        else:  # what is not there, as when the captures are gone by now, stays as it was before
            values |= await asyncio.to_thread(self._look, principal, wanted, finding_id)
        owner, found, decided = await self.db.write(lambda c: _write(c, principal, wanted, finding_id, values, version))
        self.on_change(owner)
        self.audit.record(
            "finding.decide",
            user_id=principal.user_id,
            address=principal.address,
            object_id=wanted.task_id,
            detail={
                "finding": str(found),
                "state": said.state.value,
                "expires_on": decided["expires_on"],
                "version": decided["version"],
            },
        )
        return decided

    def _look(self, principal: Principal, wanted: RunRef, finding_id: str) -> dict[str, str]:
        """Return `look` and `icon` of a finding's page, as far as there are. Blocking. Raises NotFound, as `decide`."""
        row, finding = self.db.read_sync(lambda c: find_finding(c, principal, wanted, finding_id))
        if finding.cause not in LEARNT:
            return {}
        found = self.db.read_sync(lambda c: violations.of_domain(c, row.id, row.run, finding.domain))
        shown = next((entry for entry in found if entry.violation_key == finding.cause), None)
        if shown is None or any(item["layer"] not in _SEEN for item in shown.evidence):
            return {}
        try:
            with self.stores.reader(row.id, row.run) as reader:
                captures = reader.captures_of(finding.domain) if reader.present else []
                icons = reader.icon_looks() if captures and finding.cause == ViolationKey.FRAUD else {}
        except ScanStoreError:
            return {}
        pages = [capture for capture in captures if shown.url in (capture.final_url, capture.url)]
        look = next((page.look for page in pages if page.look), None)
        icon = next((icons[page.url] for page in pages if page.url in icons), None)
        return {name: value for name, value in (("look", look), ("icon", icon)) if value}


def find_finding(
    connection: Connection, principal: Principal, wanted: RunRef, finding_id: str
) -> tuple[TaskRow, Row[Any]]:
    """Return the task's row and that of the finding. Raises NotFound."""
    row = find_shown(connection, wanted, principal)
    named = FindingId.parse(finding_id)
    finding = None if named is None else findings.find(connection, row.id, row.run, named)
    if finding is None:
        raise NotFound(text="no_such_finding")
    return row, finding


def _write(
    connection: Connection,
    principal: Principal,
    wanted: RunRef,
    finding_id: str,
    values: Mapping[str, Any],
    version: int,
) -> tuple[str, FindingId, Json]:
    """Return whose finding it is, its id, and the decision."""
    row, found = find_finding(connection, principal, wanted, finding_id)
    finding = FindingId(ViolationKey(found.cause), found.domain)
    target, today = (row.user_id, row.target_domain), values["decided_at"].date()
    row_before = decisions.find(connection, *target, finding)
    before = None if row_before is None else decided_of(row_before)
    basis = bases_at(connection, row.id, row.run, [finding.domain])[finding.domain, finding.cause.value]
    is_renewed = before is not None and values["state"] == before.state == DecisionState.DISMISSED
    # What has expired is judged anew: nothing stays dismissed of it that is not found any more.
    if before is not None and is_renewed and not before.is_expired(today):
        basis = combined_basis(before.judged, basis)
    if not decisions.put(connection, *target, finding, {**values, **basis_columns(basis)}, version=version):
        raise Conflict(code="decision_changed")
    findings.decide(connection, *target, finding, today)
    recount(connection, target, now=values["decided_at"])
    decided = decisions.find(connection, *target, finding)
    assert decided is not None  # it was written just now
    return row.user_id, finding, serialise_decision(decided, is_valid=True)
