import sqlite3

import pytest

from app.scanstore.errors import (
    ScanStoreError,
    StoreDamaged,
    StoreLocked,
    StoreMismatch,
    StoreUnavailable,
    refusal,
)


def sqlite_error(code):
    error = sqlite3.OperationalError("it says no")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite_error(sqlite3.SQLITE_CORRUPT), StoreDamaged),
        (sqlite_error(sqlite3.SQLITE_CORRUPT_INDEX), StoreDamaged),
        (sqlite_error(sqlite3.SQLITE_NOTADB), StoreDamaged),
        (sqlite_error(sqlite3.SQLITE_FULL), StoreUnavailable),
        (sqlite3.ProgrammingError("closed"), StoreUnavailable),
        (OSError(28, "No space left on device"), StoreUnavailable),
    ],
)
def test_a_refusal_is_damage_or_passes(error, kind):
    found = refusal(error)
    assert type(found) is kind
    assert str(found) == str(error)


def test_codes_are_told_apart_and_what_may_go_well_later_is_retryable():
    kinds = [ScanStoreError, StoreLocked, StoreMismatch, StoreDamaged, StoreUnavailable]
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert [kind for kind in kinds if kind.retryable] == [StoreLocked, StoreUnavailable]
