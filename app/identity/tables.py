"""Users, sessions, tickets, API keys, read-only links, and the audit log."""

from typing import Final

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
    func,
    text,
)

from app.core.tables import UtcDateTime, metadata

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("username", String(64), nullable=False),
    Column("email", String(254), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("role", String(16), nullable=False),  # one of `core.principal.Role`
    Column("is_active", Boolean, nullable=False),
    Column("token_version", Integer, nullable=False),  # raised by a password change: all older tokens end
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_login_at", UtcDateTime),
    Column("scan_priority", Integer, nullable=False, server_default="0"),  # of what they order from now on
)
Index("uq_users_username", func.lower(users.c.username), unique=True)
Index("uq_users_email", func.lower(users.c.email), unique=True)
Index("ix_users_created_at", users.c.created_at, users.c.id)
ADMINS: Final = text("role = 'admin' AND is_active")  # of a partial index: queries take these very words
Index("ix_users_admins", users.c.id, sqlite_where=ADMINS, postgresql_where=ADMINS)
# Those of `core.principal.ASSIGNABLE`; as above.
CAN_BE_ASSIGNED: Final = text("role IN ('admin', 'reviewer') AND is_active")
Index(
    "ix_users_assignable",
    users.c.created_at,
    users.c.id,
    sqlite_where=CAN_BE_ASSIGNED,
    postgresql_where=CAN_BE_ASSIGNED,
)

# One row a login: tokens carry its id as `sid`. A row that is revoked or gone ends its tokens.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("refresh_jti", String(36), nullable=False),  # the one refresh token that is still good
    Column("previous_jti", String(36)),  # the one before it; NULL until the first refresh
    Column("rotated_at", UtcDateTime),  # when that was used
    # For its owner, who wants to know it again; NULL in rows from before.
    Column("address", String(45)),  # from where it was opened
    Column("agent", String(200)),  # what the client said that it is
    # How the refresh token travels, "body" or "cookie"; NULL in rows from before, until their first refresh.
    Column("channel", String(6)),
    Column("page_key", String(64)),  # SHA-256 of the key of the page that the cookie is bound to; NULL without a cookie
)

# From where a user has signed in: networks as `core.limits.network_of` writes them. Guesses from elsewhere do not lock
# these out.
known_addresses = Table(
    "known_addresses",
    metadata,
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("address", String(45), primary_key=True),
    Column("last_login_at", UtcDateTime, nullable=False),
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
    Column("key_id", String(36)),  # of the API key that requested it; NULL: a session did, and `session_id` is its id
)

# Tokens for programs. Revoked and expired rows are kept for a while, so that clients get the reason.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # of the key, which is not stored
    Column("prefix", String(16), nullable=False),  # its first characters, by which its owner recognises it
    Column("scopes", String(64), nullable=False),  # of `core.scopes.Scope`, separated by spaces
    Column("group_name", String(100)),  # of its user's sites; NULL: of all
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),  # set to the time of the revocation, if earlier
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),  # to a minute
    # Networks that used it, as returned by `core.limits.network_of`: newest first, at most 20.
    Column("networks", JSON, nullable=False),
)

# Each shows one scan to anyone who has it.
scan_links = Table(
    "scan_links",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), nullable=False, index=True),
    # The creator, with whose rights it is read.
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("prefix", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),  # as for a key
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("requests", Integer, nullable=False, server_default="0"),  # number of requests with it
)
