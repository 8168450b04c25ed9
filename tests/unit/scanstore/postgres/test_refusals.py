"""What errors of the database mean for a store."""

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.scanstore.errors import StoreDamaged, StoreStale, StoreUnavailable
from app.scanstore.postgres.refusals import refusals


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (psycopg.OperationalError("password=secret"), StoreUnavailable),
        (psycopg.errors.DiskFull(), StoreUnavailable),
        (psycopg.errors.DataCorrupted(), StoreDamaged),
        (DBAPIError("SELECT", {}, psycopg.errors.IndexCorrupted()), StoreDamaged),
        (DBAPIError("SELECT", {}, psycopg.errors.QueryCanceled()), StoreUnavailable),
        (PoolTimeoutError(), StoreUnavailable),
    ],
)
def test_an_error_of_the_database_is_one_of_the_store_and_tells_no_values(error, meant):
    with pytest.raises(meant) as raised, refusals():
        raise error
    assert raised.value.__cause__ is error
    assert "secret" not in str(raised.value)


def test_other_errors_stay_what_they_are():
    with pytest.raises(StoreStale), refusals():
        raise StoreStale("x")
