"""Which targets an API key of a group opens: those of its user's sites that are in the group now (ADR 0073)."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, column, select, table

from app.core.principal import Principal

# By name, as what is filtered lies below the subject that keeps sites.
_SITES: Final = table("managed_sites", column("user_id"), column("target_domain"), column("group_name"))
s: Final = _SITES.c


def within_group(query: Select[Any], principal: Principal, target: ColumnElement[str]) -> Select[Any]:
    """Return the query with the targets alone that the principal's key is for; unchanged without a group.

    For each row the site is found by its owner and target, of which there is one at most.
    """
    if principal.group is None:
        return query
    mine = select(s.group_name).where(s.user_id == principal.user_id, s.target_domain == target)
    return query.where(mine.correlate_except(_SITES).scalar_subquery() == principal.group)
