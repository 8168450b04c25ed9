"""What a person should look at: findings that need a review, over the newest scan of every target, and those that are
assigned or due, page by page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final, Self

from sqlalchemy import Connection

from app.core.clock import Clock, to_wire
from app.core.db import Database
from app.core.errors import InvalidInput, NotFound, Unavailable
from app.core.list_cursor import moment_of, read_cursor, text_of, write_cursor
from app.core.principal import Principal
from app.domain.assignments import ReviewFilter
from app.domain.task_row import TaskRow
from app.findings.due_findings import MOST_SCANS, DueCursor, DueWalk, Waiting
from app.findings.evidence.service import EvidenceService
from app.findings.queries import findings
from app.findings.queries.assignments import lacks
from app.scans.queries import runs, tasks
from app.scans.serialisers import Json
from app.site_counts import summary as sites

SCANS_AT_ONCE: Final = 500  # looked at for one page: people may have decided about all that waited in them
ROWS_AT_ONCE: Final = 2 * MOST_SCANS  # of which the rows are read together: half of them may have nothing to show


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
class ReviewPage:
    """`items` as `findings.schemas.findings.ReviewItem`. `next_cursor` None: that was all."""

    items: Sequence[Json]
    next_cursor: str | None
    unreadable: Sequence[str]


class ReviewService:
    """Reads the queue. What the page shows of a finding is read from its scan's store."""

    def __init__(self, *, db: Database, evidence: EvidenceService, clock: Clock) -> None:
        self._db = db
        self._evidence = evidence
        self._clock = clock

    async def read(
        self, principal: Principal, wanted: ReviewFilter, *, cursor: str | None, limit: int, language: str
    ) -> ReviewPage:
        """Return the next findings that match. Raises InvalidInput (`invalid_cursor`)."""
        begin = None if cursor is None else _parse(cursor, wanted)
        today = self._clock.now().date()
        waiting, rest = await self._db.read(partial(_next, principal, wanted, begin, limit=limit, today=today))
        by_scan: dict[str, list[Waiting]] = {}
        for one in waiting:
            by_scan.setdefault(one.scan.id, []).append(one)
        told: dict[tuple[str, str], Json] = {}
        unreadable: list[str] = []
        for task_id, some in by_scan.items():
            known = await self._told(principal, some, language)
            if known is None:
                unreadable.append(task_id)
            else:
                told |= {(task_id, name): item for name, item in known.items()}
        keys = ((one.scan.id, one.id) for one in waiting)
        return ReviewPage([told[key] for key in keys if key in told], None if rest is None else str(rest), unreadable)

    async def _told(self, principal: Principal, some: Sequence[Waiting], language: str) -> dict[str, Json] | None:
        """Return items of one scan by their findings; None: its results cannot be read now."""
        scan = some[0].scan
        try:
            known = await self._evidence.summarise(principal, scan, language, [item.finding for item in some])
        except Unavailable:
            return None
        except NotFound:  # deleted since
            return {}
        return {name: _item(scan, summary) for name, summary in known.items()}


Cursor = ReviewCursor | DueCursor


def _parse(text: str, wanted: ReviewFilter) -> Cursor:
    """Return a position in the list that is asked for. Raises InvalidInput (`invalid_cursor`)."""
    due = DueCursor.parse(text) if wanted.begins_with_assignments else None
    if due is not None:
        return due
    cursor = ReviewCursor.parse(text)
    if wanted.begins_with_assignments and not wanted.ends_with_undated:
        raise InvalidInput(code="invalid_cursor")
    return cursor


def _next(
    principal: Principal,
    wanted: ReviewFilter,
    begin: Cursor | None,
    connection: Connection,
    *,
    limit: int,
    today: date,
) -> tuple[list[Waiting], Cursor | None]:
    """Return what comes next, and where to go on: first what is assigned or due, if that is asked for. Blocking."""
    found: list[Waiting] = []
    if wanted.begins_with_assignments and not isinstance(begin, ReviewCursor):
        show = partial(_shown, connection, principal)
        found, rest = DueWalk(connection, principal, wanted, today, show).go(begin, limit)
        if rest is not None or not wanted.ends_with_undated:
            return found, rest
        begin = None
    assert not isinstance(begin, DueCursor)
    waiting, rest_of_queue = _Walk(connection, principal, wanted, limit - len(found)).go(begin)
    return [*found, *waiting], rest_of_queue


class _Walk:
    """Through the newest scans, until a page is full or enough was looked at. Blocking."""

    def __init__(self, connection: Connection, principal: Principal, wanted: ReviewFilter, limit: int) -> None:
        self._connection = connection
        self._principal = principal
        self._wanted = wanted
        self._limit = limit
        self._found: list[Waiting] = []
        self._scans = 0  # of which something was found

    def go(self, begin: ReviewCursor | None) -> tuple[list[Waiting], ReviewCursor | None]:
        upto = None if begin is None else (begin.completed_at, begin.task_id)
        scans = sites.waiting_scans(self._connection, self._principal, upto=upto, limit=SCANS_AT_ONCE)
        for start in range(0, len(scans), ROWS_AT_ONCE):
            some = scans[start : start + ROWS_AT_ONCE]
            shown = _shown(self._connection, self._principal, [task_id for task_id, _ in some])
            for task_id, completed_at in some:
                is_first = begin is not None and task_id == begin.task_id
                if task_id not in shown or (begin is not None and is_first and begin.after is None):
                    continue
                after = begin.after if begin is not None and is_first else None
                if (rest := self._look_at(shown[task_id], completed_at, after)) is not None:
                    return self._found, rest
        behind = scans[-1] if len(scans) == SCANS_AT_ONCE else None
        return self._found, None if behind is None else ReviewCursor(behind[1], behind[0])

    def _look_at(self, row: TaskRow, completed_at: datetime, after: tuple[float, str] | None) -> ReviewCursor | None:
        """Take what waits in one scan; return where to go on when the page is full."""
        limit, wanted = self._limit - len(self._found), self._wanted
        only = lacks(
            row.user_id, row.target_domain, is_unassigned=wanted.is_unassigned, is_undated=wanted.ends_with_undated
        )
        found = findings.to_review(
            self._connection, row.id, row.run, state=wanted.state, after=after, limit=limit, only=only
        )
        self._found += [Waiting(row, item) for item in found]
        self._scans += bool(found)
        if len(found) == limit:
            return ReviewCursor(completed_at, row.id, (found[-1].confidence_score, found[-1].violation_id))
        return ReviewCursor(completed_at, row.id) if self._scans == MOST_SCANS else None


def _shown(connection: Connection, principal: Principal, task_ids: Sequence[str]) -> dict[str, TaskRow]:
    """Return the rows of these tasks as the runs left them whose results are shown, without those that are gone."""
    rows = tasks.find_all(connection, task_ids, principal)
    attempts = runs.shown_attempts(connection, rows)
    shown = ((row.id, runs.containing(connection, row, attempts[row.id])) for row in rows)
    return {task_id: run.task for task_id, run in shown if run is not None and run.results_removed_at is None}


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
