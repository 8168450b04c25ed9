"""Whether a session lets its tokens do what they are shown for. Rows are those of `sessions.find_with_user`."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.core.errors import Unauthenticated
from app.core.security import Claims


def check_claims(row: Row[Any] | None, claims: Claims, now: datetime) -> Row[Any]:
    """Return the row when it lets a token with these claims in. Raises Unauthenticated."""
    row = check_session(row, claims.user_id, now)
    if row.token_version != claims.token_version:
        raise Unauthenticated(code="invalid_token")
    return row


def check_session(row: Row[Any] | None, user_id: str, now: datetime) -> Row[Any]:
    """Return the row when it is the user's and goes on. Raises Unauthenticated.

    Disabled comes before revoked, since disabling revokes: the holder of a good token may know why.
    """
    if row is None or row.id != user_id:
        raise Unauthenticated(code="invalid_token")
    if not row.is_active:
        raise Unauthenticated(code="user_disabled")
    if row.revoked_at is not None:
        raise Unauthenticated(code="invalid_token")
    if row.session_expires_at <= now:
        raise Unauthenticated(code="expired_token", text="expired_session")
    return row


def may_travel(row: Row[Any], page_key: str | None) -> bool:
    """Whether a token of the session may come as it did: in a body (`page_key` None), or in a cookie with that key.

    A session from before the key is bound by its first refresh.
    """
    return row.channel is None or row.page_key == page_key
