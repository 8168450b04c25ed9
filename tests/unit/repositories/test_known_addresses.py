"""From where a user has signed in: the newest are kept."""

from datetime import timedelta

import pytest

from app.core.db import Database
from app.models import known_addresses, metadata
from app.repositories.known_addresses import KEPT, knows, remember
from tests.support.clock import FakeClock
from tests.support.rows import add_user


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'a.db'}")
    metadata.create_all(db.engine)
    yield db
    await db.close()


def test_the_newest_addresses_of_a_user_are_kept(db):
    clock = FakeClock()
    mei, li = add_user(db, clock, "mei"), add_user(db, clock, "li")

    def work(connection):
        remember(connection, li, "home", now=clock.now())
        remember(connection, mei, "home", now=clock.now())
        for number in range(KEPT - 1):
            remember(connection, mei, str(number), now=clock.now() + timedelta(seconds=number + 1))
        remember(connection, mei, "home", now=clock.now() + timedelta(days=1))
        remember(connection, mei, "new", now=clock.now() + timedelta(days=2))
        return [knows(connection, name, address) for name, address in (
            ("MEI", "home"), ("mei", "new"), ("mei", "0"), ("mei", "1"), ("li", "home"), ("li", "new"), ("no", "home")
        )]  # fmt: skip

    assert db.write_sync(work) == [True, True, False, True, True, False, False]
    assert len(db.read_sync(lambda c: c.execute(known_addresses.select()).all())) == KEPT + 1
