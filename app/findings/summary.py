"""What other subjects read of stored findings: those of a run, their risks, what was seen once, and the worst level of
each domain.
"""

from collections.abc import Collection

from sqlalchemy import Connection

from app.domain.decisions import DecisionState
from app.domain.differences import NO_CONTENT
from app.findings.queries.findings import levels_of, of_domains, of_run, risks_of
from app.findings.queries.unconfirmed import unconfirmed_at

__all__ = ["content_causes_of", "levels_of", "of_run", "risks_of", "unconfirmed_at"]


def content_causes_of(connection: Connection, task_id: str, run: int, domains: Collection[str]) -> dict[str, str]:
    """Return what the content of each domain is accused of, by its worst finding that nobody has dismissed."""
    valid = (row for row in of_domains(connection, task_id, run, domains) if row.state != DecisionState.DISMISSED)
    return {row.domain: row.cause for row in reversed([row for row in valid if row.cause not in NO_CONTENT])}
