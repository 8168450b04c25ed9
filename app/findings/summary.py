"""What other subjects read of stored findings: those of a run, their risks, what was seen once, and the worst level of
each domain.
"""

from app.findings.queries.findings import levels_of, of_run, risks_of
from app.findings.queries.unconfirmed import unconfirmed_at

__all__ = ["levels_of", "of_run", "risks_of", "unconfirmed_at"]
