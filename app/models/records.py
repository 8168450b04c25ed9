"""Violations, the audit log, and requests that must not be carried out twice."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from app.core.tables import UtcDateTime, metadata

violations = Table(
    "violations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), nullable=False),
    Column("run", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),  # in which it was found
    Column("domain", String(253), nullable=False),
    Column("violation_key", String(32), nullable=False),
    Column("cause", String(32), nullable=False),  # of the finding that it is part of (`models.findings`)
    Column("confidence_score", Float, nullable=False),
    Column("description", Text, nullable=False),  # in the deployment's language, as it was when it was found
    Column("text_key", String(64)),  # what the description was made of; NULL: it was not
    Column("params", JSON(none_as_null=True)),
    Column("evidence", JSON, nullable=False),
    Column("needs_review", Boolean, nullable=False),
    Column("url", Text, nullable=False),
    Column("found_on", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("task_id", "run", "domain", "violation_key"),
)
# In the order of a list, with all that it is filtered by: evidence is long, and read for the rows of a page alone.
Index(
    "ix_violations_list",
    *(
        violations.c[name]
        for name in (
            "task_id",
            "run",
            "created_at",
            "id",
            "violation_key",
            "cause",
            "needs_review",
            "domain",
        )
    ),
)
