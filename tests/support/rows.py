"""Rows that tests begin with."""

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.identity.tables import users


def add_user(db: Database, clock: Clock, name: str, *, role: str = "user") -> str:
    """A user who cannot sign in; their id."""
    user_id = new_id()
    row = {
        "id": user_id,
        "username": name,
        "email": f"{name}@example.org",
        "password_hash": "x",
        "role": role,
        "is_active": True,
        "token_version": 1,
        "created_at": clock.now(),
    }
    db.write_sync(lambda connection: connection.execute(users.insert().values(**row)) and None)
    return user_id
