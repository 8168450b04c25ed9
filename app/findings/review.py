"""What a person should look at: findings that need a review, over the newest scan of every target, page by page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Self

from sqlalchemy import Connection

from app.core.clock import to_wire
from app.core.db import Database
from app.core.errors import InvalidInput, NotFound, Unavailable
from app.core.list_cursor import moment_of, read_cursor, text_of, write_cursor
from app.core.principal import Principal
from app.domain.decisions import DecisionState
from app.domain.findings import FindingId
from app.domain.task_row import TaskRow
from app.domain.violations import ViolationKey
from app.findings.evidence.service import EvidenceService
from app.findings.queries import findings
from app.scans.queries import runs, tasks
from app.scans.serialisers import Json
from app.scans.shown_run import RunRef
from app.site_counts import summary as sites

SCANS_AT_ONCE: Final = 500  # looked at for one page: people may have decided about all that waited in them
MOST_SCANS: Final = 8  # of one page: the file of each is opened, and read in some 4 ms


@dataclass(frozen=True, slots=True)
class ReviewCursor:
    """Position in the review queue: after a violation of a scan, or after the whole scan."""

    completed_at: datetime
    task_id: str
    after: tuple[float, str] | None = None

    def __str__(self) -> str:
        return write_cursor([self.completed_at.isoformat(), self.task_id, *(self.after or ())])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidInput (`invalid_cursor`)."""
        try:
            moment, task_id, *after = read_cursor(text)
            return cls(moment_of(moment), text_of(task_id), _position(after))
        except (ValueError, TypeError) as error:
            raise InvalidInput(code="invalid_cursor") from error


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A finding that a page has."""

    row: TaskRow
    finding: FindingId


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """`items` as `findings.schemas.review.ReviewItem`. `next_cursor` None: that was all."""

    items: Sequence[Json]
    next_cursor: str | None
    unreadable: Sequence[str]


class ReviewService:
    """Reads the queue. What the page shows of a finding is read from its scan's store."""

    def __init__(self, *, db: Database, evidence: EvidenceService) -> None:
        self._db = db
        self._evidence = evidence

    async def read(
        self, principal: Principal, *, cursor: str | None, limit: int, state: DecisionState, language: str
    ) -> ReviewPage:
        """Return the next findings of whose decision this is the state. Raises InvalidInput (`invalid_cursor`)."""
        begin = None if cursor is None else ReviewCursor.parse(cursor)
        waiting, rest = await self._db.read(lambda c: _Walk(c, principal, state, limit).go(begin))
        items: list[Json] = []
        unreadable: list[str] = []
        for task_id, some in groupby(waiting, key=lambda one: one.row.id):
            told = await self._told(principal, list(some), language)
            if told is None:
                unreadable.append(task_id)
            items += told or []
        return ReviewPage(items, None if rest is None else str(rest), unreadable)

    async def _told(self, principal: Principal, some: Sequence[_Waiting], language: str) -> list[Json] | None:
        """Return items of one scan; None: its results cannot be read now."""
        row = some[0].row
        domains = [item.finding.domain for item in some]
        wanted = RunRef(row.id, row.attempt)
        try:
            known = await self._evidence.findings_about(principal, wanted, language, domains)
        except Unavailable:
            return None
        except NotFound:  # deleted since
            return []
        return [_item(row, known[name]) for item in some if (name := str(item.finding)) in known]


class _Walk:
    """Through the newest scans, until a page is full or enough was looked at. Blocking."""

    def __init__(self, connection: Connection, principal: Principal, state: DecisionState, limit: int) -> None:
        self._connection = connection
        self._principal = principal
        self._state = state
        self._limit = limit
        self._found: list[_Waiting] = []
        self._scans = 0  # of which something was found

    def go(self, begin: ReviewCursor | None) -> tuple[list[_Waiting], ReviewCursor | None]:
        upto = None if begin is None else (begin.completed_at, begin.task_id)
        scans = sites.waiting_scans(self._connection, self._principal, upto=upto, limit=SCANS_AT_ONCE)
        for scan in scans:
            is_first = begin is not None and scan[0] == begin.task_id
            if begin is not None and is_first and begin.after is None:
                continue
            if (rest := self._look_at(scan, begin.after if begin is not None and is_first else None)) is not None:
                return self._found, rest
        behind = scans[-1] if len(scans) == SCANS_AT_ONCE else None
        return self._found, None if behind is None else ReviewCursor(behind[1], behind[0])

    def _look_at(self, scan: tuple[str, datetime], after: tuple[float, str] | None) -> ReviewCursor | None:
        """Take what waits in one scan; return where to go on when the page is full."""
        task_id, completed_at = scan
        row = self._shown(task_id)
        if row is None:
            return None
        limit = self._limit - len(self._found)
        found = findings.to_review(self._connection, row.id, row.run, state=self._state, after=after, limit=limit)
        self._found += [_Waiting(row, FindingId(ViolationKey(item.cause), item.domain)) for item in found]
        self._scans += bool(found)
        if len(found) == limit:
            return ReviewCursor(completed_at, task_id, (found[-1].confidence_score, found[-1].violation_id))
        return ReviewCursor(completed_at, task_id) if self._scans == MOST_SCANS else None

    def _shown(self, task_id: str) -> TaskRow | None:
        """Return the task's row as the run left it whose results are shown; None when they are gone."""
        row = tasks.find(self._connection, task_id, self._principal)
        if row is None:
            return None
        attempt = runs.shown_attempts(self._connection, [row])[row.id]
        run = runs.containing(self._connection, row, attempt)
        return None if run is None or run.results_removed_at is not None else run.task


def _position(values: Sequence[Any]) -> tuple[float, str] | None:
    """Raises ValueError and TypeError, as those before, for what no cursor of ours has."""
    if not values:
        return None
    confidence, violation_id = values
    if not math.isfinite(confidence):
        raise ValueError("no position")
    return float(confidence), text_of(violation_id)


def _item(row: TaskRow, finding: Json) -> Json:
    return {
        "task_id": row.id,
        "user_id": row.user_id,
        "target_domain": row.target_domain,
        "attempt": row.attempt,
        "completed_at": to_wire(row.completed_at or row.created_at),
        "finding": finding,
    }
