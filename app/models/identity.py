"""Users and their sessions."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, func, text

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
