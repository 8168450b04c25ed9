"""Tables of findings and of what was decided about them. SQLAlchemy Core: rows are facts, not living objects."""

from app.models.decisions import decisions
from app.models.findings import findings
from app.models.records import violations

__all__ = ["decisions", "findings", "violations"]
