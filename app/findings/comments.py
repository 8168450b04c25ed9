"""What people say about a finding: a list that only grows, of this and of later scans of the target (ADR 0042)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Conflict
from app.core.principal import Principal
from app.domain.findings import MAX_COMMENTS, FindingId
from app.domain.violations import ViolationKey
from app.findings.annotations import serialise_comment
from app.findings.decisions import find_finding
from app.findings.queries import comments
from app.findings.queries.comments import Key
from app.identity.audit import AuditTrail
from app.scans.serialisers import Json
from app.scans.shown_run import RunRef


@dataclass(kw_only=True, eq=False, repr=False)
class CommentService:
    """Comments on findings, for the owner of the task and for administrators."""

    db: Database
    clock: Clock
    audit: AuditTrail

    async def list_of(self, principal: Principal, wanted: RunRef, finding_id: str) -> list[Json]:
        """Return all comments on a finding, the first one first. Raises NotFound, as `add`."""

        def work(connection: Connection) -> list[Json]:
            _, key = _key_of(connection, principal, wanted, finding_id)
            return [serialise_comment(row) for row in comments.of_finding(connection, key)]

        return await self.db.read(work)

    async def add(self, principal: Principal, wanted: RunRef, finding_id: str, text: str) -> Json:
        """Write a comment, and return it.

        Raises:
            NotFound: no such task for this principal, or no such finding in the results that are shown.
            Conflict: `comment_limit`: the finding has as many as there can be.
        """
        now = self.clock.now()
        found, said = await self.db.write(lambda c: _write(c, principal, wanted, finding_id, text, now))
        self.audit.record(
            "finding.comment",
            user_id=principal.user_id,
            address=principal.address,
            object_id=wanted.task_id,
            detail={"finding": str(found)},
        )
        return said


def _key_of(connection: Connection, principal: Principal, wanted: RunRef, finding_id: str) -> tuple[FindingId, Key]:
    row, found = find_finding(connection, principal, wanted, finding_id)
    return FindingId(ViolationKey(found.cause), found.domain), (
        row.user_id,
        row.target_domain,
        found.domain,
        found.cause,
    )


def _write(
    connection: Connection, principal: Principal, wanted: RunRef, finding_id: str, text: str, now: datetime
) -> tuple[FindingId, Json]:
    """Return the finding's id and the comment."""
    finding, key = _key_of(connection, principal, wanted, finding_id)
    if len(comments.of_finding(connection, key)) >= MAX_COMMENTS:
        raise Conflict(code="comment_limit", limit=MAX_COMMENTS)
    said = {"author_name": principal.username, "created_at": now, "text": text}
    return finding, serialise_comment(comments.add(connection, key, said))
