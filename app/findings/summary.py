"""What other subjects read of stored findings: those of a run, their risks, and the worst level of each domain."""

from app.findings.queries.findings import levels_of, of_run, risks_of

__all__ = ["levels_of", "of_run", "risks_of"]
