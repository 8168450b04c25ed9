from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from app.core.tables import UtcDateTime, metadata

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
