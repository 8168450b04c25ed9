"""What other subjects read of stored findings: those of a run, their risks, what was seen once, and the worst level of
each domain.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row

from app.domain.findings import content_cause_of
from app.findings.queries.findings import levels_of, of_domains, of_run, risks_of
from app.findings.queries.unconfirmed import unconfirmed_at

__all__ = ["content_causes_of", "levels_of", "of_run", "risks_of", "unconfirmed_at"]


def content_causes_of(connection: Connection, task_id: str, run: int, domains: Collection[str]) -> dict[str, str]:
    """Return what the content of each domain is accused of, by its worst finding that nobody has dismissed."""
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in of_domains(connection, task_id, run, domains):
        found[row.domain].append(row)
    causes = {domain: content_cause_of((row.cause, row.state) for row in rows) for domain, rows in found.items()}
    return {domain: cause for domain, cause in causes.items() if cause is not None}
