"""Rows that tests begin with."""

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.identity.tables import users
from app.sites.tables import managed_sites


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


def add_site(db: Database, clock: Clock, user_id: str, target: str, group: str | None = None) -> str:
    """A site without a schedule; its id."""
    site_id, now = new_id(), clock.now()
    row = {"id": site_id, "user_id": user_id, "target_domain": target, "group_name": group, "config": {}}
    times = {"scheduled_at": now, "created_at": now, "paused": False}
    db.write_sync(lambda connection: connection.execute(managed_sites.insert().values(**row, **times)) and None)
    return site_id
