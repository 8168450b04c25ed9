"""A start that cannot be: one line that names the path and what to do, and exit code 2."""

import asyncio
import shutil
import sqlite3
from contextlib import closing

import pytest

from app.compose.services import build_services
from app.core.pending_restore import NAME, READY
from tests.support.backend import FakeMonitor, FakeRealtime, FakeRunner, cheap_passwords, make_settings
from tests.support.command import here
from tests.support.said import said


@pytest.fixture(scope="module")
def used_folder(tmp_path_factory):
    """As a server leaves it."""
    folder = tmp_path_factory.mktemp("used") / "data"
    parts = {"runner": FakeRunner(), "monitor": FakeMonitor(), "manager": FakeRealtime()}

    async def live():
        services = build_services(make_settings(folder), passwords=cheap_passwords(), **parts)
        await services.start()
        await services.stop()

    asyncio.run(live())
    return folder


@pytest.fixture
def folder(used_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_DATABASE_BUSY_TIMEOUT_S", "0.2")
    monkeypatch.setenv("COMPLIANCE_ADMIN_PASSWORD", "correct horse battery")
    shutil.copytree(used_folder, tmp_path / "data")
    return tmp_path / "data"


def put_folder(path):
    path.unlink(missing_ok=True)
    path.mkdir()


def garble(path):
    content = path.read_bytes()
    path.write_bytes(content[:4_096] + b"\xff" * (len(content) - 4_096))


def age(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def block_restore(folder):
    """What was there cannot be moved away: the name is taken."""
    (folder / READY / "scans").mkdir(parents=True)
    (folder / READY / NAME).write_text("before-restore-x")
    (folder / "scans").mkdir(exist_ok=True)
    (folder / "before-restore-x" / "scans" / "full").mkdir(parents=True)


TROUBLES = {
    "database gone": ("compliance.db", lambda f: (f / "compliance.db").unlink(), "compliance restore FILE"),
    "database empty": ("compliance.db", lambda f: (f / "compliance.db").write_bytes(b""), "compliance restore FILE"),
    "database no file": ("compliance.db", lambda f: put_folder(f / "compliance.db"), ""),
    "database no database": (
        "compliance.db",
        lambda f: (f / "compliance.db").write_bytes(b"nothing" * 999),
        said("start_advice.damaged"),
    ),
    "database damaged": ("compliance.db", lambda f: garble(f / "compliance.db"), said("start_advice.damaged")),
    "database newer": ("compliance.db", lambda f: age(f / "compliance.db"), "Install that version"),
    "key too short": ("secret.key", lambda f: (f / "secret.key").write_text("short"), "Delete it"),
    "key no file": ("secret.key", lambda f: put_folder(f / "secret.key"), "read and write access"),
    "lock no file": ("lock", lambda f: put_folder(f / "lock"), "choose another folder"),
    "counter no file": ("log.counter", lambda f: put_folder(f / "log.counter"), "read and write access"),
    "mark no file": ("log.id", lambda f: put_folder(f / "log.id"), "start again"),
    "restore blocked": ("scans", block_restore, "start again"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_is_wrong_is_one_line_with_the_path_and_what_to_do(trouble, folder, capsys):
    path, spoil, advice = TROUBLES[trouble]
    spoil(folder)
    assert here("serve", "--port", 0, "--data-dir", folder) == 2
    shown = capsys.readouterr().err
    (line,) = [line for line in shown.splitlines() if line.startswith("compliance: ")]
    assert f"{folder}/{path}" in line
    assert advice in line
    assert "Traceback" not in shown


def test_a_database_that_somebody_holds_is_named(folder, capsys):
    with closing(sqlite3.connect(folder / "compliance.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert here("serve", "--port", 0, "--data-dir", folder) == 2
    shown = capsys.readouterr().err
    assert (
        f"{folder}/compliance.db cannot be used: the database is busy. Stop the other program that is using it" in shown
    )
    assert "Traceback" not in shown
