import sqlite3
from contextlib import closing

import pytest

from app.cli.migrate import describe_migration
from app.domain.messages import MessageCatalog
from app.migrations.runner import Migration, head_revision
from tests.support.command import here


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_DATA_DIR", str(tmp_path / "new"))
    return tmp_path / "new"


def test_where_the_copy_of_the_old_database_is_is_said(folder):
    said = describe_migration(Migration("0001", "0002", folder / "compliance.db.backup"), MessageCatalog("en"))
    assert "from 0001 to 0002" in said
    assert str(folder / "compliance.db.backup") in said


def test_migrate_makes_the_tables_of_a_new_folder(folder, capsys):
    assert here("migrate") == 0
    assert f"was made at {head_revision()}" in capsys.readouterr().out


def test_a_database_of_a_newer_version_is_left_alone(folder, capsys):
    here("migrate")
    with closing(sqlite3.connect(folder / "compliance.db")) as connection, connection:
        connection.execute("update alembic_version set version_num = 'from the future'")
    assert here("migrate") == 2
    assert "newer version" in capsys.readouterr().err
