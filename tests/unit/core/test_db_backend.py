"""What an error of each database means to us."""

import os
import socket
import sqlite3

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import Column, MetaData, String, Table
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure, end_engine
from app.core.postgres import PostgresBackend
from app.core.sqlite import SqliteBackend

SQLITE = SqliteBackend("sqlite://", busy_timeout_s=1, read_threads=1)
POSTGRES = PostgresBackend("postgresql+psycopg://", busy_timeout_s=1, read_threads=1)


def sqlite_error(message, code=sqlite3.SQLITE_ERROR):
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("backend", "original", "failure"),
    [
        (SQLITE, sqlite_error("database is locked", sqlite3.SQLITE_BUSY), Failure.BUSY),
        (SQLITE, sqlite_error("database or disk is full", sqlite3.SQLITE_FULL), Failure.FULL),
        (SQLITE, sqlite_error("malformed", sqlite3.SQLITE_CORRUPT), Failure.DAMAGED),
        (SQLITE, sqlite_error("unable to open database file", sqlite3.SQLITE_CANTOPEN), Failure.UNREACHABLE),
        (POSTGRES, errors.SerializationFailure(), Failure.CONFLICT),
        (POSTGRES, errors.DeadlockDetected(), Failure.CONFLICT),
        (POSTGRES, errors.UniqueViolation(), Failure.CONFLICT),
        (POSTGRES, errors.LockNotAvailable(), Failure.BUSY),
        (POSTGRES, errors.QueryCanceled(), Failure.BUSY),
        (POSTGRES, errors.DiskFull(), Failure.FULL),
        (POSTGRES, errors.DataCorrupted(), Failure.DAMAGED),
        (POSTGRES, errors.AdminShutdown(), Failure.UNREACHABLE),
        (POSTGRES, errors.TooManyConnections(), Failure.UNREACHABLE),
        (POSTGRES, errors.ReadOnlySqlTransaction(), Failure.UNREACHABLE),
        (POSTGRES, psycopg.OperationalError("connection refused"), Failure.UNREACHABLE),
        (POSTGRES, errors.ConnectionTimeout("nobody answers"), Failure.UNREACHABLE),
        (POSTGRES, errors.UndefinedTable(), None),
        (POSTGRES, errors.NotNullViolation(), None),
    ],
)
def test_an_error_is_what_a_client_can_do_about_it(backend, original, failure):
    assert backend.failure_of(OperationalError("SELECT 1", {}, original)) is failure


def test_a_mistake_in_a_statement_is_no_failure_of_sqlite():
    assert SQLITE.failure_of(DBAPIError("SELEC 1", {}, sqlite3.ProgrammingError("syntax error"))) is None


def test_a_server_that_takes_the_connection_and_says_nothing_is_away():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://somebody@127.0.0.1:{silent.getsockname()[1]}/compliance"
        db = Database(url, busy_timeout_s=0.1)
        with pytest.raises(DatabaseUnavailable) as refused:
            db.read_sync(lambda connection: connection.exec_driver_sql("SELECT 1"))
        db.engine.dispose()
    assert refused.value.failure is Failure.UNREACHABLE


@pytest.mark.system
def test_a_server_whose_machine_says_nothing_is_given_up_within_half_a_minute(postgres):
    with postgres.new_database() as url:
        engine = PostgresBackend(url, busy_timeout_s=1, read_threads=1).create_engine()
        try:
            with engine.connect() as connection:
                descriptor = os.dup(connection.connection.driver_connection.fileno())
                with socket.socket(fileno=descriptor) as link:
                    options = [socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT]
                    idle, interval, count, unanswered_ms = (link.getsockopt(socket.IPPROTO_TCP, it) for it in options)
                    assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        finally:
            engine.dispose()
    assert idle + interval * count <= 30
    assert 0 < unanswered_ms <= 30_000


@pytest.mark.system
def test_a_text_with_a_nul_is_found_nowhere_and_refused_by_nobody(postgres):
    with postgres.new_database() as url:
        engine = PostgresBackend(url, busy_timeout_s=1, read_threads=1).create_engine()
        words = Table("words", MetaData(), Column("word", String))
        try:
            with engine.begin() as connection:
                words.create(connection)
                connection.execute(words.insert(), [{"word": "a"}, {"word": "a\0"}])
                found = connection.execute(words.select().where(words.c.word.in_(["a\0", "b"]))).scalars().all()
                assert found == ["a\ufffd"]
                assert connection.exec_driver_sql("SELECT %s::text, 1", ("\0",)).one() == ("\ufffd", 1)
                assert connection.execute(words.select().where(words.c.word == "\0")).all() == []
        finally:
            engine.dispose()


def test_connections_that_threads_still_use_are_closed_when_these_are_done(tmp_path):
    """Else they stay open until nobody remembers them."""
    engine = SqliteBackend(f"sqlite:///{tmp_path}/main.db", busy_timeout_s=1, read_threads=1).create_engine()
    before = engine.connect()
    end_engine(engine)
    for used in (before, engine.connect()):
        driver = used.connection.driver_connection
        assert driver.execute("SELECT 1").fetchone() == (1,)
        used.close()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            driver.execute("SELECT 1")
