"""`serve` and the commands that work beside it, as processes."""

import asyncio
import io
import signal
import socket
import sqlite3
from contextlib import asynccontextmanager, closing

import httpx
import pytest

from app.cli.maintenance import ask_twice, describe_migration
from app.core.errors import ConfigurationError
from app.migrations.runner import Migration, head_revision
from tests.support.command import finish, here, line_with, run, start

PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple staple staple"


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return probe.getsockname()[1]


async def sign_in(url, username="admin", password=PASSWORD):
    async with httpx.AsyncClient(base_url=url) as client:
        return (await client.post("/api/v1/auth/login", json={"username": username, "password": password})).status_code


@asynccontextmanager
async def serving(folder, port, **values):
    process = await start("serve", "--port", port, "--data-dir", folder, COMPLIANCE_ADMIN_PASSWORD=PASSWORD, **values)
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(30), httpx.AsyncClient(base_url=url) as client:
            while True:
                try:
                    assert (await client.get("/livez")).status_code == 200
                    break
                except httpx.TransportError:
                    assert process.returncode is None, (await finish(process)).err
                    await asyncio.sleep(0.1)
        yield url
        process.send_signal(signal.SIGTERM)
        assert (await finish(process, 20)).code == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_database_has_one_server_and_the_next_one_starts_when_that_was_killed(tmp_path):
    first, second, port = tmp_path / "first", tmp_path / "second", free_port()
    beside = {"COMPLIANCE_DATABASE_URL": f"sqlite:///{first / 'compliance.db'}"}
    process = await start("serve", "--port", port, "--data-dir", first, COMPLIANCE_ADMIN_PASSWORD=PASSWORD)
    try:
        await line_with(process.stderr, "serving")
        for words in (["serve", "--port", 0], ["scan", "site.example"]):
            refused = await run(*words, "--data-dir", second, **beside)
            assert refused.code == 2
            (line,) = refused.err.strip().splitlines()
            assert line.startswith(f"compliance: The database {first / 'compliance.db'} is in use by another server (")
        migrate = await run("migrate", COMPLIANCE_DATA_DIR=str(second), **beside)
        assert (migrate.code, "in use by another server" in migrate.err) == (2, True)
        assert await sign_in(f"http://127.0.0.1:{port}") == 200
        process.send_signal(signal.SIGSTOP)  # one that is frozen is one
        assert (await run("serve", "--port", 0, "--data-dir", second, **beside)).code == 2
    finally:
        process.kill()
        await finish(process)
    async with serving(second, port, **beside) as url:
        assert await sign_in(url) == 200


async def test_a_server_and_what_works_beside_it(tmp_path):
    port, folder = free_port(), tmp_path / "data"
    beside = {"COMPLIANCE_DATA_DIR": str(folder)}
    async with serving(folder, port) as url:
        assert await sign_in(url) == 200

        taken = await run("serve", "--port", port, "--data-dir", tmp_path / "other")
        assert taken.code == 2
        assert f"Port {port} on 127.0.0.1 is taken" in taken.err

        same = await run("serve", "--port", 0, "--data-dir", folder)
        assert same.code == 2
        assert "in use by another server" in same.err

        scan = await run("scan", "site.example", "--data-dir", folder)
        assert scan.code == 2
        assert "in use by another server" in scan.err

        migrate = await run("migrate", **beside)
        assert migrate.code == 2
        assert "in use by another server" in migrate.err

        made = await run("create-admin", "--username", "mei", COMPLIANCE_ADMIN_PASSWORD=NEW_PASSWORD, **beside)
        assert (made.code, made.out) == (0, "mei is an administrator.\n")
        assert await sign_in(url, "mei", NEW_PASSWORD) == 200

        again = await run("create-admin", COMPLIANCE_ADMIN_PASSWORD=NEW_PASSWORD, **beside)
        assert again.code == 2
        assert "--reset" in again.err
        assert await sign_in(url) == 200

        reset = await run("create-admin", "--reset", COMPLIANCE_ADMIN_PASSWORD=NEW_PASSWORD, **beside)
        assert reset.code == 0
        assert (await sign_in(url), await sign_in(url, password=NEW_PASSWORD)) == (401, 200)

    done = await run("migrate", **beside)
    assert (done.code, done.out) == (0, f"The database is at {head_revision()}, the newest revision.\n")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_DATA_DIR", str(tmp_path / "new"))
    return tmp_path / "new"


def test_the_first_administrator_may_be_made_before_the_first_start(folder, capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_ADMIN_PASSWORD", PASSWORD)
    assert here("create-admin") == 0
    assert here("create-admin") == 2
    assert "already" in capsys.readouterr().err


def test_migrate_makes_the_tables_of_a_new_folder(folder, capsys):
    assert here("migrate") == 0
    assert f"from nothing to {head_revision()}" in capsys.readouterr().out


def test_a_database_of_a_newer_version_is_left_alone(folder, capsys):
    here("migrate")
    with closing(sqlite3.connect(folder / "compliance.db")) as connection, connection:
        connection.execute("update alembic_version set version_num = 'from the future'")
    assert here("migrate") == 2
    assert "newer version" in capsys.readouterr().err


def test_where_the_copy_of_the_old_database_is_is_said(folder):
    said = describe_migration(Migration("0001", "0002", folder / "compliance.db.backup"))
    assert "from 0001 to 0002" in said
    assert str(folder / "compliance.db.backup") in said


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (["--username", "-x-"], PASSWORD, "A user's name"),
        ([], "short", "at least 8 characters"),
        ([], None, "Set COMPLIANCE_ADMIN_PASSWORD"),
    ],
)
def test_a_bad_name_or_password_makes_nobody(folder, capsys, monkeypatch, words, password, said):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    if password is not None:
        monkeypatch.setenv("COMPLIANCE_ADMIN_PASSWORD", password)
    assert here("create-admin", *words) == 2
    assert said in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize(
    ("name", "value"), [("COMPLIANCE_PROT", "1"), ("COMPLIANCE_PORT", "high"), ("COMPLIANCE_SECRET_KEY", "changeme")]
)
def test_settings_that_make_no_sense_refuse_in_one_line(folder, capsys, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert here("serve") == 2
    err = capsys.readouterr().err
    assert name in err
    assert len(err.splitlines()) == 1
    assert not folder.exists()


def test_a_password_is_asked_for_twice():
    answers = ["one password", "another one", "one password", "one password"]

    def ask(_prompt):
        return answers.pop(0)

    with pytest.raises(ConfigurationError, match="differ"):
        ask_twice(ask)
    assert ask_twice(ask) == "one password"
