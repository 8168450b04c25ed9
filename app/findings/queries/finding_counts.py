"""How many findings of a run each value of each filter would leave, and how many of all are open."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select

from app.domain.findings import NOBODY, FindingFilter
from app.domain.task_row import TaskRow
from app.findings.queries.assignments import same_finding
from app.findings.queries.findings import NOT_DISMISSED, narrowed
from app.findings.tables import assignments, findings
from app.site_counts.summary import open_counts_of_tasks

a, f = assignments.c, findings.c
FIELDS: Final = ("risk_level", "violation_key", "hidden", "decision", "assignee")


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """By filter and value. `names`: of the assignees, by their ids."""

    by_field: Mapping[str, Mapping[str, int]]
    names: Mapping[str, str]


def read(
    connection: Connection, task_id: str, run: int, owner: tuple[str, str], wanted: FindingFilter
) -> FindingCounts:
    """Count a run's findings by the values of each filter, as if the list were not filtered by that field.

    `owner`: user and target of the task. There are a few hundred combinations at most, but for the assignees.
    """
    values = (f.risk_level, f.cause, f.hidden_by.is_not(None), f.state, a.assignee_id)
    query: Any = select(*values, func.max(a.assignee_name), func.count())
    query = query.select_from(findings.outerjoin(assignments, and_(*same_finding(*owner))))
    groups = connection.execute(narrowed(query, task_id, run, wanted).group_by(*values)).all()
    names = {row[4]: str(row[5]) for row in groups if row[4] is not None}
    return FindingCounts(_by_field([tuple(row) for row in groups], wanted), names)


def open_sums(connection: Connection, row: TaskRow) -> dict[str, Any]:
    """Return `open_counts`, `open_domains` and `dismissed` of `findings.schemas.findings.FindingPage`."""
    still_open = open_counts_of_tasks(connection, [row])[row.id]
    query = select(func.count(f.domain.distinct())).where(f.task_id == row.id, f.run == row.run, NOT_DISMISSED)
    return {
        "open_counts": still_open,
        "open_domains": connection.execute(query).scalar_one(),
        "dismissed": row.finding_counts.get("total", 0) - still_open["total"],
    }


def _by_field(groups: Sequence[tuple[Any, ...]], wanted: FindingFilter) -> dict[str, dict[str, int]]:
    asked = (wanted.risk_level, wanted.violation_key, wanted.hidden, wanted.decision, wanted.assignee)
    counts: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}
    for risk, key, hidden, state, assignee, _, number in groups:
        values = (risk, key, bool(hidden), state, assignee or NOBODY)
        fits = [want is None or want == value for want, value in zip(asked, values, strict=True)]
        for place, field in enumerate(FIELDS):
            if all(fits[:place]) and all(fits[place + 1 :]):
                counts[field][_text_of(values[place])] += number
    return {field: dict(counted) for field, counted in counts.items()}


def _text_of(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
