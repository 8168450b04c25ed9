from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.core.tables import UtcDateTime, insert_for, marks, metadata

EAST = datetime(2026, 1, 2, 11, 0, tzinfo=timezone(timedelta(hours=8)))
NAIVE = datetime(2026, 1, 2, 3, 0)  # noqa: DTZ001 - as SQLite keeps it


def test_sqlite_keeps_naive_utc_and_other_databases_the_zone():
    column = UtcDateTime()
    assert column.process_bind_param(EAST, sqlite.dialect()) == NAIVE
    assert column.process_bind_param(EAST, postgresql.dialect()) == EAST
    assert column.process_bind_param(None, sqlite.dialect()) is None


@pytest.mark.parametrize("stored", [NAIVE, EAST])
def test_what_comes_back_is_aware_utc(stored):
    value = UtcDateTime().process_result_value(stored, sqlite.dialect())
    assert value == EAST
    assert value.tzinfo is UTC
    assert UtcDateTime().process_result_value(None, sqlite.dialect()) is None


def test_constraints_have_names_that_migrations_can_use():
    named = [constraint for table in metadata.tables.values() for constraint in table.constraints]
    assert named
    assert all(constraint.name for constraint in named)


def test_an_insert_may_meet_a_row_that_is_there(db):
    def put(connection):
        insert = insert_for(connection, marks).values(name="m", at=EAST)
        connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"at": insert.excluded.at}))
        return connection.execute(select(marks.c.at).where(marks.c.name == "m")).scalar_one()

    assert [db.write_sync(put), db.write_sync(put)] == [EAST, EAST]
