"""What a start refuses, and that it names the path and what to do."""

import errno
import sqlite3
from contextlib import closing

import pytest

from app.compose.services import build_services
from app.core.db import DatabaseDamaged, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import ConfigurationError
from app.maintenance.startup import TRACES, explain, require_database
from tests.support.backend import FakeMonitor, FakeRealtime, FakeRunner, cheap_passwords, make_settings
from tests.support.said import said


def build(folder, **values):
    return build_services(
        make_settings(folder, **values),
        passwords=cheap_passwords(),
        runner=FakeRunner(),
        monitor=FakeMonitor(),
        manager=FakeRealtime(),
    )


def make_empty(path, way):
    path.unlink(missing_ok=True)
    if way == "no bytes":
        path.touch()
    elif way == "no tables":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")


@pytest.mark.parametrize("way", ["missing", "no bytes", "no tables"])
@pytest.mark.parametrize("witness", TRACES)
def test_an_empty_database_beside_a_witness_of_an_earlier_one_is_refused_and_not_made(tmp_path, way, witness):
    database = tmp_path / "compliance.db"
    (tmp_path / witness).touch()
    make_empty(database, way)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ConfigurationError) as refused:
        require_database(make_settings(tmp_path))
    for word in (str(database), str(tmp_path / witness), "compliance restore FILE", "to start with an empty database"):
        assert word in refused.value.message
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_empty_folder_is_a_first_start(tmp_path):
    require_database(make_settings(tmp_path))


async def test_a_server_whose_database_was_removed_does_not_begin_anew(tmp_path):
    services = build(tmp_path)
    await services.start()
    await services.stop()
    for path in tmp_path.glob("compliance.db*"):
        path.unlink()
    with pytest.raises(ConfigurationError, match="missing or empty"):
        build(tmp_path)
    assert not (tmp_path / "compliance.db").exists()
    for name in TRACES:
        (tmp_path / name).unlink()
    services = build(tmp_path)
    await services.start()
    await services.stop()


async def test_a_first_start_that_was_killed_at_once_is_no_loss(tmp_path):
    build(tmp_path).release()  # built, and never started: the key is there
    assert (tmp_path / "secret.key").exists()
    services = build(tmp_path)
    await services.start()
    await services.stop()


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (DatabaseUnavailable(Failure.BUSY), "busy"),
        (DatabaseUnavailable(Failure.FULL), "full"),
        (DatabaseUnavailable(Failure.REFUSED), "refused"),
        (DatabaseUnavailable(Failure.UNREACHABLE), "other"),
        (DatabaseDamaged(), "damaged"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_with_what_to_do(tmp_path, error, advice):
    shown = explain(error, make_settings(tmp_path)).message
    assert f"{tmp_path}/compliance.db" in shown
    assert said(f"start_advice.{advice}") in shown


def test_a_disk_that_refuses_is_named(tmp_path):
    shown = explain(OSError(errno.ENOSPC, "No space left on device", "/x/log.id"), make_settings(tmp_path)).message
    assert "/x/log.id" in shown
    assert said("system.full") in shown


async def test_what_somebody_holds_or_is_no_database_ends_the_start_in_one_error(tmp_path):
    services = build(tmp_path, database_busy_timeout_s=0.1)
    with closing(sqlite3.connect(tmp_path / "compliance.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigurationError, match=r"compliance\.db cannot be used: the database is busy"):
            await services.start()
    for path in tmp_path.glob("compliance.db*"):
        path.write_bytes(b"no database" * 1_000)
    services = build(tmp_path)
    with pytest.raises(ConfigurationError, match=r"compliance\.db cannot be used: the database is damaged"):
        await services.start()
