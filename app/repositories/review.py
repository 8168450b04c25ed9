"""Which scans have what a person should look at: of each owner and target the newest one that is complete."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select, tuple_

from app.core.principal import Principal
from app.domain.tasks import TaskStatus
from app.models import scan_tasks, violations
from app.models.records import WAITING_FOR_REVIEW
from app.models.tasks import COMPLETED_VISIBLE, VISIBLE

t = scan_tasks.c


@dataclass(frozen=True, slots=True)
class NewestScan:
    """The newest completed scan of a target. `has_review`: in some run of it, something waits for a person."""

    task_id: str
    completed_at: datetime
    has_review: bool


def newest_scans(
    connection: Connection, principal: Principal, *, upto: tuple[datetime, str] | None, limit: int
) -> list[NewestScan]:
    """Return the next scans, the newest first; `upto`: from the one with this time and id on, it included."""
    newer = scan_tasks.alias("newer")
    is_newest = ~exists().where(
        newer.c.user_id == t.user_id,
        newer.c.target_domain == t.target_domain,
        COMPLETED_VISIBLE,
        tuple_(newer.c.completed_at, newer.c.id) > tuple_(t.completed_at, t.id),
    )
    has_review = exists().where(violations.c.task_id == t.id, WAITING_FOR_REVIEW)
    query = select(t.id, t.completed_at, has_review).where(VISIBLE, is_newest)
    if principal.sees_all:
        query = query.where(t.status == TaskStatus.COMPLETED)
    else:  # without the index that begins with the status: it has the scans of everybody
        query = query.where(t.user_id == principal.user_id, t.status + "" == TaskStatus.COMPLETED)
    if upto is not None:
        query = query.where(tuple_(t.completed_at, t.id) <= upto)
    found = connection.execute(query.order_by(t.completed_at.desc(), t.id.desc()).limit(limit))
    return [NewestScan(*row) for row in found]
