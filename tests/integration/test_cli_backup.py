"""`backup` and `restore` as processes, beside a running server and without one."""

import asyncio
import contextlib
import json

import httpx
from websockets.asyncio.client import connect

from app.core.clock import SystemClock
from app.maintenance.restore import PARTIAL, Restore
from tests.integration.test_cli_serve import PASSWORD, serving
from tests.support.command import here, run
from tests.support.ports import free_port
from tests.support.said import said

DEADLINE_S = 60
CREDENTIALS = {"username": "admin", "password": PASSWORD}
QUIET = {"COMPLIANCE_ALLOWED_TARGETS": "example.com"}  # nothing is scanned: there is no such name here


class Api:
    """A user of the service, over its restarts."""

    def __init__(self, url):
        self.url = url
        self.client = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=60, trust_env=False)
        self.token = ""

    async def sign_in(self):
        answer = await self.client.post("/auth/login", json=CREDENTIALS)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {self.token}"

    async def add_task(self):
        answer = await self.client.post("/tasks", json={"target_domain": "example.com"})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def tasks(self):
        return {item["id"] for item in (await self.client.get("/tasks")).json()["items"]}

    @contextlib.asynccontextmanager
    async def socket(self):
        address = f"{self.url.replace('http', 'ws')}/api/v1/monitor/ws?token={self.token}"
        async with connect(address, proxy=None) as link:
            yield link, json.loads(await link.recv())


async def until_served(api, wanted):
    async with asyncio.timeout(DEADLINE_S):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if await api.tasks() == wanted:
                    return
            await asyncio.sleep(0.1)


async def test_a_running_server_is_backed_up_and_takes_a_restore_up(tmp_path):
    port, folder, archive = free_port(), tmp_path / "data", tmp_path / "b.tar"
    async with serving(folder, port, **QUIET) as url:
        api = Api(url)
        await api.sign_in()
        old = await api.add_task()
        made = await run("--lang", "en", "backup", archive, "--data-dir", folder)
        assert (made.code, made.err) == (0, "")
        assert made.out.startswith(f"{archive}: ")
        new = await api.add_task()
        async with api.socket() as (link, welcome):
            assert welcome["epoch"] == "0"
            back = await run("--lang", "en", "restore", archive, "--data-dir", folder)
            assert back.code == 0, back.err
            with contextlib.suppress(Exception):
                while True:
                    await link.recv()
            assert link.close_code == 1012
        await until_served(api, {old})
        assert new not in await api.tasks()
        async with api.socket() as (link, welcome):
            assert welcome["epoch"] != "0"
            await link.send(json.dumps({"type": "subscribe_task", "task_id": old, "last_seq": 1}))
            frame = json.loads(await link.recv())
            assert (frame["recovered"], frame["reason"]) == (False, "epoch")
        (kept,) = folder.glob("before-restore-*")
        assert str(kept) in back.out
        assert (kept / "compliance.db").is_file()
        await api.client.aclose()


async def test_without_a_server_and_on_another_machine(tmp_path):
    port, folder, other, archive = free_port(), tmp_path / "data", tmp_path / "other", tmp_path / "b.tar"
    async with serving(folder, port, **QUIET) as url:
        api = Api(url)
        await api.sign_in()
        task = await api.add_task()
        await api.client.aclose()
    assert here("backup", archive, "--data-dir", folder) == 0
    assert here("restore", archive, "--data-dir", other) == 0
    assert {path.name for path in other.iterdir()} - {"lock", "compliance.db.lock"} == {
        "captures",
        "compliance.db",
        "scans",
    }
    async with serving(other, port, **QUIET) as url:
        api = Api(url)
        await api.sign_in()
        assert await api.tasks() == {task}
        await api.client.aclose()


async def tasks_served(port, folder):
    """What a server on this folder shows."""
    async with serving(folder, port, **QUIET) as url:
        api = Api(url)
        await api.sign_in()
        shown = await api.tasks()
        await api.client.aclose()
    return shown


async def test_a_killed_restore_leaves_the_old_data_or_is_finished_at_the_next_start(tmp_path):
    port, folder, archive = free_port(), tmp_path / "data", tmp_path / "b.tar"
    async with serving(folder, port, **QUIET) as url:
        api = Api(url)
        await api.sign_in()
        old = await api.add_task()
        assert here("backup", archive, "--data-dir", folder) == 0
        new = await api.add_task()
        await api.client.aclose()
    (folder / PARTIAL).mkdir()  # killed while it checked
    (folder / PARTIAL / "compliance.db").write_text("half")
    assert await tasks_served(port, folder) == {old, new}
    Restore(data_dir=folder, clock=SystemClock()).prepare(archive)  # killed after that
    assert await tasks_served(port, folder) == {old}


def test_what_goes_wrong_is_one_line(tmp_path, capsys):
    assert here("backup", tmp_path / "b.tar", "--data-dir", tmp_path / "none") == 2
    assert said("error.no_database", path=tmp_path / "none" / "compliance.db") in capsys.readouterr().err
    (tmp_path / "b.tar").write_text("not a backup")
    assert here("restore", tmp_path / "b.tar", "--data-dir", tmp_path / "data") == 2
    line = capsys.readouterr().err
    assert f"{tmp_path}/b.tar is not a backup" in line
    assert line.count("\n") == 1
    assert here("restore", tmp_path / "missing.tar", "--data-dir", tmp_path / "data") == 2
