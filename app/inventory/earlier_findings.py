"""What the scan before had found, with which a report says what is new, and a scan that runs what it looks at again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from app.core.errors import NotFound
from app.core.principal import ADMIN, Principal
from app.domain.task_row import TaskRow
from app.findings import summary as findings
from app.inventory.queries import differences
from app.scans.shown_run import RunRef, find_shown

SEEN_WITHIN: Final = timedelta(days=30)  # as for findings that are announced again
_ANYBODYS = Principal("", "", ADMIN)  # the predecessor is a scan of the same owner


def predecessor_of(connection: Connection, row: TaskRow) -> TaskRow | None:
    """Return the newest conclusive scan before; None: there is none, or its task has been deleted since `row` was read
    (it may be an earlier run of the same task).
    """
    earlier = differences.predecessor(connection, row)
    try:
        return None if earlier is None else find_shown(connection, RunRef(*earlier), _ANYBODYS)
    except NotFound:
        return None


def earlier_risks(connection: Connection, row: TaskRow) -> Mapping[str, str] | None:
    """Return the risk levels of what the newest conclusive scan before has found, by the ids of the findings; None:
    there is no such scan.
    """
    earlier = predecessor_of(connection, row)
    return None if earlier is None else findings.risks_of(connection, earlier.id, earlier.run)


def earlier_risks_of_running(connection: Connection, row: TaskRow, now: datetime) -> Mapping[str, str] | None:
    """Return the same for a scan that has not ended."""
    return earlier_risks(connection, replace(row, completed_at=now))


def seen_once_before(connection: Connection, row: TaskRow, now: datetime) -> frozenset[tuple[str, str]]:
    """Return (domain, kind) of what scans of the site within `SEEN_WITHIN` have seen once: seen by this one as well, it
    is seen twice. A page that shows something to each visitor once a week would otherwise be judged again in vain each
    time, because the scans between saw nothing.
    """
    return findings.unconfirmed_at(connection, differences.earlier_runs(connection, row, now - SEEN_WITHIN))
