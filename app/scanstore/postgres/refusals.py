"""What an error of PostgreSQL means for a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from app.scanstore.errors import ScanStoreError, StoreDamaged, StoreUnavailable

# SQLSTATE, errcodes-appendix.html.
_DAMAGE: Final = frozenset({"XX001", "XX002"})


@contextmanager
def refusals() -> Iterator[None]:
    """Raise errors of psycopg and SQLAlchemy as those of the store. The text is the server's: for logs alone."""
    try:
        yield
    except psycopg.Error as error:
        raise _refusal(error) from error
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None)
        raise (
            _refusal(cause) if isinstance(cause, psycopg.Error) else StoreUnavailable(type(error).__name__)
        ) from error


def _refusal(error: psycopg.Error) -> ScanStoreError:
    said = error.diag.message_primary or type(error).__name__  # without the values of the statement
    return StoreDamaged(said) if error.sqlstate in _DAMAGE else StoreUnavailable(said)
