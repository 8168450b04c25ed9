"""Findings that are assigned or due, the earliest due date first, in the results that stand for their sites."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from sqlalchemy import Connection, Row

from app.core.errors import InvalidInput
from app.core.list_cursor import read_cursor, text_of, write_cursor
from app.core.principal import Principal
from app.domain.assignments import ReviewFilter
from app.domain.findings import FindingId
from app.domain.task_row import TaskRow
from app.domain.violations import ViolationKey
from app.findings.queries import assignments, findings
from app.findings.queries.assignments import AssignmentKey
from app.site_counts import summary as sites

ASSIGNMENTS_AT_ONCE: Final = 100  # looked at for one page: their findings may be gone, or decided
MOST_SCANS: Final = 8  # of one page: the file of each is opened, and read in some 4 ms
_MARK: Final = "due"  # with which no other cursor of the review begins
# Gives, by task, the runs whose results are shown, without those whose results are gone.
ShowScans = Callable[[Sequence[str]], Mapping[str, TaskRow]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A finding that a page has: a row of `findings`, and the run that it is of."""

    scan: TaskRow
    finding: Row[Any]

    @property
    def id(self) -> str:
        return str(FindingId(ViolationKey(self.finding.cause), self.finding.domain))


@dataclass(frozen=True, slots=True)
class DueCursor:
    """Position behind an assignment."""

    after: AssignmentKey

    def __str__(self) -> str:
        key = self.after
        return write_cursor([_MARK, key.due_on.isoformat(), key.user_id, key.target_domain, key.domain, key.cause])

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return None for a cursor of another list. Raises InvalidInput (`invalid_cursor`)."""
        try:
            mark, *values = read_cursor(text)
            if mark != _MARK:
                return None
            due_on, *names = map(text_of, values)
            return cls(AssignmentKey(date.fromisoformat(due_on), *names))
        except (ValueError, TypeError) as error:
            raise InvalidInput(code="invalid_cursor") from error


class DueWalk:
    """Through assignments, until a page is full or enough was looked at. Blocking."""

    def __init__(
        self, connection: Connection, principal: Principal, wanted: ReviewFilter, today: date, show: ShowScans
    ) -> None:
        self._connection = connection
        self._principal = principal
        self._wanted = wanted
        self._today = today
        self._show = show

    def go(self, begin: DueCursor | None, limit: int) -> tuple[list[Waiting], DueCursor | None]:
        """Return at most `limit` findings, and where to go on; None: that was all, and the page has room."""
        rows = assignments.list_due(
            self._connection,
            self._principal,
            self._wanted,
            self._today,
            after=None if begin is None else begin.after,
            limit=ASSIGNMENTS_AT_ONCE,
        )
        scans = self._scans_of(rows)
        found: list[Waiting] = []
        used: set[str] = set()
        last = begin
        for row in rows:
            scan = scans.get((row.user_id, row.target_domain))
            finding = None if scan is None else self._matching(scan, FindingId(ViolationKey(row.cause), row.domain))
            if scan is not None and finding is not None:
                if len(found) == limit or len(used | {scan.id}) > MOST_SCANS:
                    return found, last
                found.append(Waiting(scan, finding))
                used.add(scan.id)
            last = DueCursor(AssignmentKey(row.due_on, row.user_id, row.target_domain, row.domain, row.cause))
        is_more = len(rows) == ASSIGNMENTS_AT_ONCE or len(found) == limit
        return found, last if is_more else None

    def _scans_of(self, rows: list[Row[Any]]) -> dict[tuple[str, str], TaskRow]:
        """Return the scan that stands for each site, where there is one whose results can be shown."""
        standings = sites.standings(self._connection, list({(row.user_id, row.target_domain): 0 for row in rows}))
        shown = {site: row.shown_task_id for site, row in standings.items() if row.shown_task_id is not None}
        scans = self._show(list(shown.values()))
        return {site: scans[task_id] for site, task_id in shown.items() if task_id in scans}

    def _matching(self, scan: TaskRow, wanted: FindingId) -> Row[Any] | None:
        found = findings.find_exactly(self._connection, scan.id, scan.run, wanted)
        return found if found is not None and found.state == self._wanted.state else None
