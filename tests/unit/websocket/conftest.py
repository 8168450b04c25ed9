"""Fixtures for the socket layer: a real database, a fake clock and a fake peer."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.db import Database
from app.core.ids import new_id
from app.models import metadata, users


class FakeClock:
    """Moves only when told to; `sleep` returns at once after moving it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.started + timedelta(seconds=self.seconds - 1_000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def db(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/test.db")
    metadata.create_all(database.engine)
    yield database
    await database.close()


@pytest.fixture
def user_id(db, clock):
    return add_user(db, clock, "owner")


def add_user(db, clock, name):
    user_id = new_id()
    db.write_sync(
        lambda connection: (
            connection.execute(
                users.insert().values(
                    id=user_id,
                    username=name,
                    email=f"{name}@example.org",
                    password_hash="x",
                    role="user",
                    is_active=True,
                    token_version=1,
                    created_at=clock.now(),
                )
            )
            and None
        )
    )
    return user_id
