import sqlite3
from contextlib import closing

import pytest

from app.cli.migrate import describe_migration
from app.domain.messages import MessageCatalog
from app.migrations.runner import Migration, head_revision
from tests.support.command import here
from tests.support.said import said


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
    assert f"was created at revision {head_revision()}" in capsys.readouterr().out


@pytest.mark.parametrize(("revision", "text"), [("9999", "database_newer"), ("0040", "database_older")])
def test_a_database_of_another_version_is_refused_with_one_line_and_left_alone(folder, capsys, revision, text):
    here("migrate")
    capsys.readouterr()
    path = folder / "compliance.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    assert here("migrate") == 2
    assert capsys.readouterr().err.count(said(f"error.{text}", path=path, revision=revision)) == 1
    assert [one.name for one in folder.glob("*.backup")] == []


def test_a_role_of_browser_workers_needs_postgresql_and_nothing_is_made_without(folder, capsys):
    assert here("migrate", "--browser-role", "compliance_browser") == 2
    assert said("error.browser_role_needs_postgres") in capsys.readouterr().err
    assert not (folder / "compliance.db").exists()
