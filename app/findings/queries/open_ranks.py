"""The worst finding of each domain that nobody has dismissed, over many runs: a part of queries of others."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import CTE, FromClause, and_, case, func, select

from app.domain.violations import WORST_FIRST
from app.findings.queries.findings import NOT_DISMISSED
from app.findings.tables import findings

f = findings.c
# In the order of levels; as numbers, because the names of levels have another order.
RANK_OF: Final[Mapping[str, int]] = {level: rank for rank, level in enumerate(reversed(WORST_FIRST), 1)}
LEVEL_OF: Final[Mapping[int, str]] = {rank: level for level, rank in RANK_OF.items()}


def worst_open_ranks(runs: FromClause) -> CTE:
    """Return (domain, rank) of the domains that have a finding in one of these runs (task_id, run) which nobody has
    dismissed. `rank`: see LEVEL_OF.
    """
    same = and_(f.task_id == runs.c.task_id, f.run == runs.c.run)
    rank = func.max(case(dict(RANK_OF), value=f.risk_level)).label("rank")
    query = select(f.domain, rank).select_from(runs).join(findings, same).where(NOT_DISMISSED)
    return query.group_by(f.domain).cte("worst_open")
