import asyncio

import pytest

from app.core.clock import SystemClock
from app.core.db import Database
from app.domain.messages import Language
from app.migrations.runner import migrate
from tests.support.command import here
from tests.support.rows import add_user
from tests.support.said import said


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "old").mkdir()
    return tmp_path / "old"


@pytest.mark.parametrize("language", Language)
def test_without_a_postgresql_in_the_settings_nothing_is_moved(folder, capsys, language):
    assert here("import-embedded", str(folder), "--lang", language) == 2
    assert said("cli.import_no_target", language) in capsys.readouterr().err


@pytest.fixture
def distributed(postgres, tmp_path, monkeypatch):
    with postgres.new_database() as url:
        monkeypatch.setenv("COMPLIANCE_DATABASE_URL", url)
        monkeypatch.setenv("COMPLIANCE_REDIS_URL", "redis://127.0.0.1:1")
        monkeypatch.setenv("COMPLIANCE_DATA_DIR", str(tmp_path / "new"))
        yield url


@pytest.mark.system
def test_a_folder_without_a_database_is_named(distributed, folder, capsys):
    assert here("import-embedded", str(folder)) == 2
    assert str(folder) in capsys.readouterr().err


@pytest.mark.system
def test_what_was_moved_is_said_and_a_second_time_is_refused(distributed, folder, capsys):
    db = Database(f"sqlite:///{folder}/compliance.db")
    migrate(db, clock=SystemClock())
    add_user(db, SystemClock(), "mei")
    asyncio.run(db.close())
    assert here("import-embedded", str(folder)) == 0
    shown = capsys.readouterr().out
    assert "users                          1\n" in shown
    assert "0 runs and 0 captured contents" in shown
    assert here("import-embedded", str(folder)) == 2
    assert "into an empty database" in capsys.readouterr().err
