import asyncio

import pytest
from sqlalchemy import text

from app.core.clock import SystemClock
from app.core.db import Database
from app.migrations.collation import compare_bytes
from app.migrations.runner import migrate

pytestmark = pytest.mark.system


@pytest.fixture
def db(postgres):
    with postgres.new_database() as url:
        db = Database(url)
        migrate(db, clock=SystemClock())
        yield db
        asyncio.run(db.close())


def test_every_text_is_compared_by_its_bytes(db):
    query = text(
        "SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_collation co "
        "ON co.oid = attcollation WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 "
        "AND collname <> 'C'"
    )
    assert db.read_sync(lambda c: c.execute(query).all()) == []


def test_a_column_that_comes_later_is_compared_by_its_bytes_and_keeps_what_it_has(db):
    def later(connection):
        connection.execute(text("CREATE TABLE words (word varchar(9) PRIMARY KEY, of varchar(9) REFERENCES words)"))
        connection.execute(text("INSERT INTO words VALUES ('b', 'b'), ('B', 'b'), ('a', 'B')"))
        compare_bytes(connection)
        compare_bytes(connection)
        return connection.execute(text("SELECT word FROM words ORDER BY word")).scalars().all()

    assert db.write_sync(later) == ["B", "a", "b"]
