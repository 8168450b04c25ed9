"""Findings, the violations that they are made of, what people have decided about them, and who takes care of them."""

from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.core.tables import UtcDateTime, metadata
from app.domain.page_looks import DIGITS, ICON_DIGITS

violations = Table(
    "violations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), nullable=False),
    Column("run", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),  # in which it was found
    Column("domain", String(253), nullable=False),
    Column("violation_key", String(32), nullable=False),
    Column("cause", String(32), nullable=False),  # of the finding that it is part of (`findings` below)
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

# One row a finding of an owner's target, whichever of their scans found it: the next scan's finding has it as well.
decisions = Table(
    "decisions",
    metadata,
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),  # whose scans
    Column("target_domain", String(253), primary_key=True),
    Column("domain", String(253), primary_key=True),  # this and the next: the finding's id
    Column("cause", String(32), primary_key=True),
    Column("kinds", JSON, nullable=False),  # of the violations that it was made of then
    Column("state", String(16), nullable=False),  # one of `domain.decisions.DecisionState`
    Column("reason", String(500)),
    Column("decided_by", String(36), nullable=False),  # no foreign key: the row outlives the administrator
    Column("decided_by_name", String(64), nullable=False),  # as of then
    Column("decided_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),  # 1, and one more with each change
    # How the page looked that was confirmed (`domain.page_looks`); NULL: nothing is, or it cannot be told by its look.
    Column("look", String(DIGITS)),
    Column("icon", String(ICON_DIGITS)),  # the same of its icon, when what was confirmed is a fraud
    # What was judged beside `kinds` (`domain.decisions.DecisionBasis`); NULL: written by an older version.
    Column("risk_level", String(16)),
    Column("matched_rules", JSON(none_as_null=True)),
    # From this day on (UTC) what was dismissed is open again; NULL: it stays dismissed. Only counts of dismissals.
    Column("expires_on", Date),
    Column("expired_at", UtcDateTime),  # when its findings were opened again (`findings.expiry`); NULL: they were not
)
WITH_LOOK: Final = text("look IS NOT NULL OR icon IS NOT NULL")  # in the words of the index
Index("ix_decisions_looks", decisions.c.decided_at, sqlite_where=WITH_LOOK, postgresql_where=WITH_LOOK)
EXPIRES: Final = text("expires_on IS NOT NULL AND expired_at IS NULL")  # in the words of the index
Index("ix_decisions_expiry", decisions.c.expires_on, sqlite_where=EXPIRES, postgresql_where=EXPIRES)

# One row a finding of an owner's target, as of `decisions`: who takes care of it in this and in later scans.
assignments = Table(
    "assignments",
    metadata,
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),  # whose scans
    Column("target_domain", String(253), primary_key=True),
    Column("domain", String(253), primary_key=True),  # this and the next: the finding's id
    Column("cause", String(32), primary_key=True),
    Column("assignee_id", String(36), ForeignKey("users.id", ondelete="SET NULL")),  # NULL: nobody
    Column("assignee_name", String(64)),  # NULL: nobody; user names do not change
    Column("due_on", Date, nullable=False),  # `domain.assignments.NO_DUE_DATE`: there is none
    Column("comment", String(500)),  # written by an older version, before there were `comments`: the first one of them
    Column("changed_by_name", String(64)),  # as of then; NULL: the assignee's account ended
    Column("changed_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),  # 1, and one more with each change
)
# By due date: of an assignee (or nobody), of all, of an owner's scans.
for _name, _columns in (
    ("assignee", ("assignee_id", "due_on", "user_id")),
    ("due", ("due_on", "user_id")),
    ("owner", ("user_id", "due_on")),
):
    Index(f"ix_assignments_{_name}", *(assignments.c[name] for name in (*_columns, "target_domain", "domain", "cause")))

# What people say about a finding of an owner's target, as of `assignments`: none is changed or removed.
comments = Table(
    "comments",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),  # whose scans
    Column("target_domain", String(253), nullable=False),
    Column("domain", String(253), nullable=False),  # this and the next: the finding's id
    Column("cause", String(32), nullable=False),
    Column("author_name", String(64)),  # as of then; NULL: not known, of a note of an older version
    Column("created_at", UtcDateTime, nullable=False),
    Column("text", String(500), nullable=False),
)
Index(
    "ix_comments_finding",
    *(comments.c[name] for name in ("user_id", "target_domain", "domain", "cause", "created_at", "id")),
)

# Written by the scan in the transaction of the events that tell of it (`findings.recorder`), and by decisions.
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
    Column("matched_rules", JSON(none_as_null=True)),  # `domain.matched_rules`; NULL: written by an older version
    # Where its content was seen (`findings.content_hosts`); NULL: it is about the domain, or an older version wrote it.
    Column("content_hosts", JSON(none_as_null=True)),
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
