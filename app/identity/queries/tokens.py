"""What ends all tokens of a user that no session has: API keys and read-only links."""

from datetime import datetime

from sqlalchemy import Connection

from app.identity.queries import api_keys, links


def revoke_tokens(connection: Connection, user_id: str, *, now: datetime) -> None:
    """End the user's keys, and the links that the user has made."""
    api_keys.revoke(connection, user_id, now=now)
    links.revoke_of_user(connection, user_id, now=now)
