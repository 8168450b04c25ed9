"""Nothing that the program keeps is open to others, at no moment, whatever the umask and the folder were."""

import asyncio
import signal
import sys

import pytest

from app.core.db import Database
from app.migrations import runner
from app.scanstore.sqlite import SqliteScanStore
from tests.support.backend import ADMIN_PASSWORD, HandClock
from tests.support.command import ROOT, environment, finish, run
from tests.support.databases import with_one_more_revision
from tests.support.modes import file_mode_open_to_others, sqlite_openings, umask_of
from tests.support.small_world import TARGET, small_world

UMASKS = pytest.mark.parametrize("mask", [0o000, 0o022])


@pytest.fixture
async def world():
    async with small_world() as opened:
        yield opened


@UMASKS
async def test_a_scan_keeps_all_that_it_writes_private(world, tmp_path, mask):
    folder = tmp_path / "results"
    for name in ("scans", "captures"):  # as an older version left them
        (folder / name).mkdir(parents=True)
    for path in (folder, folder / "scans", folder / "captures"):
        path.chmod(0o755)
    words = ["scan", TARGET, "--json", "--data-dir", folder, "--no-passive", "--no-screenshots"]
    words += [word for address in world.settings["resolvers"] for word in ("--resolver", address)]
    words += [word for cidr in world.settings["allow_networks"] for word in ("--allow-network", cidr)]
    with umask_of(mask):
        done = await run(*words, COMPLIANCE_PORT_MAP=",".join(world.settings["port_map"]), TMPDIR=str(tmp_path))
    assert done.code == 1, done.err
    names = {path.name.partition(".")[2] for path in (folder / "scans").iterdir()}
    assert "db" in names
    assert list((folder / "captures").iterdir())
    assert file_mode_open_to_others(folder) == []


@UMASKS
async def test_a_server_keeps_all_that_it_writes_private_from_its_first_file_on(tmp_path, mask):
    folder = tmp_path / "data"
    values = {"COMPLIANCE_DATA_DIR": str(folder), "COMPLIANCE_PORT": "0", "COMPLIANCE_ADMIN_PASSWORD": ADMIN_PASSWORD}
    seen: list[str] = []
    with umask_of(mask):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "serve"),
            cwd=ROOT,
            env=environment(**values),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    try:
        async with asyncio.timeout(60):
            while b"serving" not in (await process.stderr.readline()):
                seen += file_mode_open_to_others(folder) if folder.exists() else []
        seen += file_mode_open_to_others(folder)
        assert {path.name for path in folder.iterdir()} >= {"compliance.db", "compliance.db-wal", "scans", "secret.key"}
    finally:
        process.send_signal(signal.SIGTERM)
        await finish(process)
    assert seen + file_mode_open_to_others(folder) == []


@UMASKS
async def test_migrate_keeps_the_copy_private(tmp_path, mask, monkeypatch):
    folder = tmp_path / "data"
    with umask_of(mask):
        done = await run("migrate", COMPLIANCE_DATA_DIR=str(folder))
        assert done.code == 0, done.err
        monkeypatch.setattr(runner, "HERE", with_one_more_revision(tmp_path / "next", runner.head_revision()))
        db = Database(f"sqlite:///{folder / 'compliance.db'}")
        runner.migrate(db, clock=HandClock())
        await db.close()
    assert len(list(folder.glob("*.backup"))) == 1
    assert file_mode_open_to_others(folder) == []


@UMASKS
async def test_backup_and_restore_keep_private_what_they_write(tmp_path, mask):
    folder, other, archive = tmp_path / "data", tmp_path / "other", tmp_path / "backup.tar"
    values = {"COMPLIANCE_DATA_DIR": str(folder), "COMPLIANCE_ADMIN_PASSWORD": ADMIN_PASSWORD}
    with umask_of(mask):
        for words in (["create-admin"], ["backup", archive], ["restore", archive, "--data-dir", other]):
            done = await run(*words, **values)
            assert done.code == 0, done.err
    assert (other / "compliance.db").exists()
    assert archive.stat().st_mode & 0o777 == 0o600
    assert file_mode_open_to_others(folder) + file_mode_open_to_others(other) == []


@UMASKS
async def test_no_file_of_sqlite_is_open_to_others_when_it_is_made(tmp_path, mask):
    with umask_of(mask), sqlite_openings() as openings:
        db = Database(f"sqlite:///{tmp_path / 'main.db'}")
        db.read_sync(lambda connection: connection.exec_driver_sql("SELECT 1"))
        copy = runner._back_up(db, "0001", HandClock())
        await db.close()
        SqliteScanStore(tmp_path / "scan.db").close()
    assert copy is not None
    assert {name for name, _ in openings} == {"main.db", copy.name, "scan.db"}
    assert {mode for _, mode in openings} == {0o600}
