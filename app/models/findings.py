"""Findings: one row for each domain and cause of a run. Their risk is stored here, and nowhere else."""

from typing import Final

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, text

from app.core.tables import UtcDateTime, metadata

# Written by the scan in the transaction of the events that tell of it (`services.recorder`), and by decisions.
findings = Table(
    "findings",
    metadata,
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("domain", String(253), primary_key=True),  # this and the next: the finding's id (`domain.findings`)
    Column("cause", String(32), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("kinds", JSON, nullable=False),  # of its violations, the one that names the cause first
    Column("violation_id", String(36), nullable=False),  # of the violation that names the cause
    # How much it weighs (`domain.risk`): the level, the sum, and its summands.
    Column("risk_level", String(16), nullable=False),
    Column("score", Integer, nullable=False),
    Column("reasons", JSON, nullable=False),
    # The reference that weighs most.
    Column("embedding", String(24), nullable=False),
    Column("place", String(16), nullable=False),
    Column("depth", Integer),  # clicks from a start page; NULL: not known
    Column("hidden_by", String(64)),  # NULL: it can be seen
    Column("via", String(253), nullable=False),  # host of the third party that forwards; "": none does
    Column("author", String(16), nullable=False),
    Column("author_sign", String(16)),
    Column("page_url", Text, nullable=False),  # page of the site that has it; "": none
    Column("url", Text, nullable=False),  # where the content was seen
    Column("confidence_score", Float, nullable=False),
    Column("needs_review", Boolean, nullable=False),
    Column("state", String(16), nullable=False),  # what people have decided of it (`domain.decisions`)
    Column("found_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),  # when the scan said something of it last
)
# The worst first, with all that a list is filtered by and counts are made of.
Index(
    "ix_findings_worst",
    *(findings.c[name] for name in ("task_id", "run")),
    findings.c.score.desc(),
    *(findings.c[name] for name in ("violation_id", "risk_level", "state", "needs_review", "cause", "domain")),
)
# What a person should look at, the surest first. Of a partial index: queries take these very words.
FOR_REVIEW: Final = text("needs_review")
Index(
    "ix_findings_review",
    *(findings.c[name] for name in ("task_id", "run", "confidence_score", "violation_id", "state")),
    sqlite_where=FOR_REVIEW,
    postgresql_where=FOR_REVIEW,
)
