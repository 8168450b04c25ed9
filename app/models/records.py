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
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(48), nullable=False),  # "ws.connect", "task.cancel", ...
    Column("outcome", String(16), nullable=False),  # "ok", "denied", "failed"
    Column("user_id", String(36)),  # no foreign key: the row outlives the user
    Column("address", String(45)),
    Column("object_id", String(64)),
    Column("detail", JSON, nullable=False),  # codes and numbers, never a payload
)
# In the order of a list, the newest first: of all, of a user, of an action.
Index("ix_audit_log_time", audit_log.c.at, audit_log.c.id)
Index("ix_audit_log_user", audit_log.c.user_id, audit_log.c.at, audit_log.c.id)
Index("ix_audit_log_kind", audit_log.c.action, audit_log.c.at, audit_log.c.id)
Index("ix_audit_log_action", audit_log.c.action, audit_log.c.id)

# Moments that outlive a restart, by name.
marks = Table(
    "marks", metadata, Column("name", String(48), primary_key=True), Column("at", UtcDateTime, nullable=False)
)

# One row a request that named a key (`Idempotency-Key`): a repeated one gets the same answer.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of what was asked for
    Column("response", Text, nullable=False),  # JSON: the answer without what the request itself says
    Column("created_at", UtcDateTime, nullable=False, index=True),
)

# What administrators have said to connected users, until all servers know of it or it expires.
broadcasts = Table(
    "broadcasts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("frame", Text, nullable=False),  # JSON, as it is sent
    Column("size", Integer, nullable=False),  # of the frame, in bytes
    Column("user_ids", JSON(none_as_null=True)),  # to whom; NULL: to all
    Column("task_id", String(36)),  # to whose followers; NULL: to all
    Column("is_kept", Boolean, nullable=False),  # also for those who come later
    Column("ends_at", UtcDateTime, nullable=False, index=True),  # by the database's clock
)

# Counters of sign-ins of a deployment with several servers; one server alone keeps them in memory.
sign_in_counters = Table(
    "sign_in_counters",
    metadata,
    Column("digest", String(64), primary_key=True),  # of what is counted and of whom
    Column("amount", Float, nullable=False),
    Column("at", UtcDateTime, nullable=False),  # this and what follows: by the database's clock
    Column("ends_at", UtcDateTime, nullable=False, index=True),
)

# Open tickets of a deployment with several servers; one server alone keeps them in memory.
tickets = Table(
    "tickets",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the ticket, which is not kept
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("session_id", String(36), nullable=False),
    Column("username", String(64), nullable=False),  # this and what follows: the principal as of then
    Column("role", String(16), nullable=False),
    Column("token_expires_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False, index=True),  # by the database's clock
)
