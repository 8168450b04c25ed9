import asyncio

import pytest
from sqlalchemy import insert

from app.cli.doctor.readers import check_readers
from app.cli.doctor.result import CheckStatus
from app.configuration.queries import local_readers
from app.configuration.tables import configuration_versions
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.migrations.runner import migrate
from tests.support.local_reader import model_data, stored
from tests.support.said import said


@pytest.fixture
def db(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'compliance.db'}")
    migrate(database, clock=SystemClock())
    yield database
    asyncio.run(database.close())


def switch_on(db, model):
    values = {"made_at": SystemClock().now(), "data": model.data, "sha256": model.sha256, "report": {}}
    db.write_sync(lambda c: local_readers.add(c, values))
    db.write_sync(lambda c: local_readers.enable(c, 1, SystemClock().now()))


def test_before_there_is_a_database_nothing_is_made(tmp_path):
    found = check_readers(Settings(data_dir=tmp_path))
    assert (found.state, found.found) == (CheckStatus.OK, said("doctor.readers", model="none", local="none"))
    assert list(tmp_path.iterdir()) == []


def test_both_readers_are_named(tmp_path, db):
    switch_on(db, stored(model_data()))
    settings = Settings(data_dir=tmp_path, reading_model_url="http://127.0.0.1/v1", reading_model_name="qwen3:8b")
    found = check_readers(settings)
    assert (found.state, found.found) == (CheckStatus.OK, said("doctor.readers", model="qwen3:8b", local="version 1"))


def test_a_model_that_administrators_have_set_counts(tmp_path, db):
    row = {
        "version": 1,
        "mark": "m",
        "at": SystemClock().now(),
        "username": "wang",
        "stored": {"reading_model_url": "http://127.0.0.1/v1", "reading_model_name": "m7"},
        "changes": [],
    }
    db.write_sync(lambda c: c.execute(insert(configuration_versions).values(**row)) and None)
    assert check_readers(Settings(data_dir=tmp_path)).found == said("doctor.readers", model="m7", local="none")


def test_a_local_reader_that_is_damaged_degrades(tmp_path, db):
    switch_on(db, stored(model_data()[:-5]))
    found = check_readers(Settings(data_dir=tmp_path))
    assert (found.state, found.means) == (
        CheckStatus.DEGRADED,
        said("doctor.reader_unusable", fault=said("model_fault.malformed")),
    )


def test_a_database_of_before_there_were_readers_says_nothing(tmp_path):
    (tmp_path / "compliance.db").write_bytes(b"")
    assert check_readers(Settings(data_dir=tmp_path)).state is CheckStatus.OK
