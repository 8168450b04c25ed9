"""`serve` and the commands that work beside it, as processes."""

import asyncio
import signal
from contextlib import asynccontextmanager

import httpx
import pytest

from app.migrations.runner import head_revision
from tests.support.command import execute, finish, here, line_with, run, start
from tests.support.ports import free_port
from tests.support.said import said

PASSWORD = "correct horse battery"


NEW_PASSWORD = "staple staple staple"


async def sign_in(url, username="admin", password=PASSWORD):
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        return (await client.post("/api/v1/auth/login", json={"username": username, "password": password})).status_code


@asynccontextmanager
async def serving(folder, port, how=start, **values):
    process = await how("serve", "--port", port, "--data-dir", folder, COMPLIANCE_ADMIN_PASSWORD=PASSWORD, **values)
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(120), httpx.AsyncClient(base_url=url) as client:
            while True:
                try:
                    assert (await client.get("/livez")).status_code == 200
                    break
                except httpx.TransportError:
                    assert process.returncode is None, (await finish(process)).err
                    await asyncio.sleep(0.1)
        yield url
        process.send_signal(signal.SIGTERM)
        assert (await finish(process)).code == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_database_has_one_server_and_the_next_one_starts_when_that_was_killed(tmp_path):
    first, second, port = tmp_path / "first", tmp_path / "second", free_port()
    database = first / "compliance.db"
    beside = {"COMPLIANCE_DATABASE_URL": f"sqlite:///{database}"}
    process = await start("serve", "--port", port, "--data-dir", first, COMPLIANCE_ADMIN_PASSWORD=PASSWORD)
    try:
        await line_with(process.stderr, "serving")
        page = f"http://127.0.0.1:{port}/?target=site.example"
        for words, said_of_it in (
            (["serve", "--port", 0], said("error.database_in_use", path=database, process=process.pid)),
            (["scan", "site.example"], said("cli.scan_served", path=database, url=page)),
        ):
            refused = await run("--lang", "en", *words, "--data-dir", second, **beside)
            assert refused.code == 2
            (line,) = refused.err.strip().splitlines()
            assert line.removeprefix("compliance: ") == said_of_it
        migrate = await run("--lang", "en", "migrate", COMPLIANCE_DATA_DIR=str(second), **beside)
        assert (migrate.code, in_use("database", database) in migrate.err) == (2, True)
        assert await sign_in(f"http://127.0.0.1:{port}") == 200
        process.send_signal(signal.SIGSTOP)  # one that is frozen is one
        assert (await run("--lang", "en", "serve", "--port", 0, "--data-dir", second, **beside)).code == 2
    finally:
        process.kill()
        await finish(process)
    async with serving(second, port, **beside) as url:
        assert await sign_in(url) == 200


def in_use(what, path):
    """What is said of it up to the number of the process."""
    return said(f"error.{what}_in_use", path=path, process="#").partition("#")[0]


async def test_a_server_and_what_works_beside_it(tmp_path):
    port, folder = free_port(), tmp_path / "data"
    beside = {"COMPLIANCE_DATA_DIR": str(folder)}
    async with serving(folder, port, execute) as url:  # as people start it
        assert await sign_in(url) == 200

        taken = await run("--lang", "en", "serve", "--port", port, "--data-dir", tmp_path / "other")
        assert taken.code == 2
        assert f"Port {port} on 127.0.0.1 is in use" in taken.err

        same = await run("--lang", "en", "serve", "--port", 0, "--data-dir", folder)
        assert same.code == 2
        assert in_use("folder", folder) in same.err

        scan = await run("--lang", "en", "scan", "site.example", "--data-dir", folder)
        assert scan.code == 2
        assert said("cli.scan_served", path=folder, url=f"{url}/?target=site.example") in scan.err
        several = await run("--lang", "en", "scan", "a.example", "b.example", "--data-dir", folder)
        assert said("cli.scan_served", path=folder, url=f"{url}/#/scans") in several.err

        migrate = await run("--lang", "en", "migrate", **beside)
        assert migrate.code == 2
        assert in_use("folder", folder) in migrate.err

        made = await run(
            "--lang", "en", "create-admin", "--username", "mei", COMPLIANCE_ADMIN_PASSWORD=NEW_PASSWORD, **beside
        )
        assert (made.code, made.out) == (0, "mei is now an administrator.\n")
        assert await sign_in(url, "mei", NEW_PASSWORD) == 200

        again = await run("--lang", "en", "create-admin", COMPLIANCE_ADMIN_PASSWORD=NEW_PASSWORD, **beside)
        assert again.code == 2
        assert "--reset" in again.err
        assert await sign_in(url) == 200

        reset = await run("--lang", "en", "create-admin", "--reset", COMPLIANCE_ADMIN_PASSWORD=NEW_PASSWORD, **beside)
        assert reset.code == 0
        assert (await sign_in(url), await sign_in(url, password=NEW_PASSWORD)) == (401, 200)

    done = await run("--lang", "en", "migrate", **beside)
    assert (done.code, done.out) == (0, said("cli.migrated_already", after=head_revision()) + "\n")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_DATA_DIR", str(tmp_path / "new"))
    return tmp_path / "new"


def test_the_first_administrator_may_be_made_before_the_first_start(folder, capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_ADMIN_PASSWORD", PASSWORD)
    assert here("create-admin") == 0
    assert here("create-admin") == 2
    assert "already" in capsys.readouterr().err


def test_an_administrator_is_made_in_the_folder_that_is_named(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COMPLIANCE_ADMIN_PASSWORD", PASSWORD)
    other = tmp_path / "other"
    assert here("create-admin", "--data-dir", other) == 0
    assert (folder.exists(), other.exists()) == (False, True)


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
