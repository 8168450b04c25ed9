"""An older database was put back, and has grown beyond the position of a client that returns: it misses nothing."""

import shutil
import sqlite3
from contextlib import aclosing, closing

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect

from app.client import MonitorClient
from tests.support.frames import check_command, read_frame
from tests.support.realtime import warning
from tests.support.streaming import open_stream, stream_backend

BEFORE, LOST, AFTER = 5, 30, 80  # events before the backup, after it, and in the new history


async def write(backend, task, count, what):
    last = 0
    for number in range(count):
        last = await backend.say(task, warning(f"{what} {number}"))
    return last


def copy_file(folder, backup):
    """While the server runs, as SQLite's own tools do it."""
    with closing(sqlite3.connect(folder / "compliance.db")) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)


def put_back_file(backup, folder):
    for path in folder.glob("compliance.db*"):
        path.unlink()
    shutil.copy(backup, folder / "compliance.db")


def put_back_folder(backup, folder):
    shutil.rmtree(folder)
    shutil.copytree(backup, folder)


class Restored:
    """What a client had, and the server that came after."""

    def __init__(self, backend, token, task, position, head):
        self.backend, self.token, self.task, self.position, self.head = backend, token, task, position, head

    def command(self, **fields):
        return {"type": "subscribe_task", "task_id": self.task, "last_seq": self.position, **fields}


@pytest.fixture(params=["file", "folder"])
async def restored(request, tmp_path):
    folder, backup = tmp_path / "data", tmp_path / "backup"
    async with stream_backend(folder) as backend:
        token = await backend.sign_in()
        task = await backend.add_task(token)
        await write(backend, task, BEFORE, "old")
        if request.param == "file":
            copy_file(folder, backup)
            position = await write(backend, task, LOST, "lost")
    if request.param == "folder":
        shutil.copytree(folder, backup)
        async with stream_backend(folder) as backend:
            position = await write(backend, task, LOST, "lost")
    (put_back_file if request.param == "file" else put_back_folder)(backup, folder)
    async with stream_backend(folder) as backend:
        head = await write(backend, task, AFTER, "new")
        assert head > position
        yield Restored(backend, token, task, position, head)


def socket_of(restored):
    address = f"ws://127.0.0.1:{restored.backend.port}/api/v1/monitor/ws?token={restored.token}"
    return connect(address, proxy=None)


async def until(link, kind):
    while (frame := read_frame(await link.recv()))["type"] != kind:
        pass
    return frame


async def ask(link, command):
    check_command(command)
    await link.send(orjson.dumps(command).decode())
    return await until(link, "subscription_result")


@pytest.mark.parametrize("epoch", [{}, {"epoch": "0"}, {"epoch": "another"}])
async def test_a_position_of_another_epoch_or_of_none_gives_a_snapshot(restored, epoch):
    async with socket_of(restored) as link:
        welcome = await until(link, "connection_established")
        result = await ask(link, restored.command(**epoch))
        assert (result["recovered"], result["reason"], result["seq"]) == (False, "epoch", restored.head)
        snapshot = await until(link, "task_snapshot")
        assert welcome["epoch"] == result["epoch"] == snapshot["epoch"] != "0"
        many = {"type": "subscribe_tasks", "items": [{"task_id": restored.task, "last_seq": 3, **epoch}]}
        assert (await ask(link, many))["reason"] == "epoch"
        assert (await ask(link, {**restored.command(**epoch), "type": "resume"}))["reason"] == "epoch"


async def test_a_position_of_the_new_epoch_is_served(restored):
    async with socket_of(restored) as link:
        epoch = (await until(link, "connection_established"))["epoch"]
        result = await ask(link, restored.command(epoch=epoch))
        assert (result["recovered"], result["replayed"]) == (True, restored.head - restored.position)
        item = {"task_id": restored.task, "last_seq": restored.head, "epoch": epoch}
        assert (await ask(link, {"type": "subscribe_tasks", "items": [item]}))["recovered"]
        assert (await ask(link, {**restored.command(epoch=epoch), "type": "resume"}))["recovered"]


@pytest.mark.parametrize("form", ["{}", "0:{}", "another:{}"])
async def test_an_event_stream_of_another_epoch_begins_with_a_snapshot(restored, form):
    last_id = form.format(restored.position)
    async with open_stream(restored.backend, restored.task, restored.token, last_id=last_id) as reader:
        snapshot = await reader.event()
        assert (snapshot["type"], snapshot["seq"]) == ("task_snapshot", restored.head)
        assert reader.last_id == f"{snapshot['epoch']}:{restored.head}"
    await restored.backend.say(restored.task, warning("next"))
    async with open_stream(restored.backend, restored.task, restored.token, last_id=reader.last_id) as reader:
        assert (await reader.event())["seq"] == restored.head + 1


async def test_the_client_for_python_begins_anew_and_goes_on(restored):
    async def token(*, renew):
        return restored.token

    client = MonitorClient(restored.backend.url, token)
    async with aclosing(client.follow(restored.task, restored.position, epoch="0")) as events:
        first = await anext(events)
        assert (first.type, first.seq, first.epoch) == ("task_snapshot", restored.head, first.data["epoch"])
    await restored.backend.say(restored.task, warning("next"))
    async with aclosing(client.follow(restored.task, first.seq, epoch=first.epoch)) as events:
        assert (await anext(events)).seq == restored.head + 1


async def test_rest_names_the_epoch_of_its_position(restored):
    headers = {"Authorization": f"Bearer {restored.token}"}
    async with httpx.AsyncClient(base_url=restored.backend.url, timeout=60, headers=headers, trust_env=False) as client:
        state = (await client.get(f"/api/v1/monitor/tasks/{restored.task}/status")).json()
    async with socket_of(restored) as link:
        result = await ask(link, restored.command(epoch=state["epoch"], last_seq=state["seq"]))
    assert (result["recovered"], result["replayed"]) == (True, 0)


async def test_a_database_that_is_put_back_under_a_running_server_is_noticed(tmp_path):
    """SQLite's `.restore`: in one transaction, and beyond every position before the next sweep."""
    folder = tmp_path / "data"
    async with stream_backend(folder, sweep_interval_s=60.0) as backend:
        token = await backend.sign_in()
        task = await backend.add_task(token)
        copy_file(folder, tmp_path / "backup")
        position = await write(backend, task, LOST, "lost")
        address = f"ws://127.0.0.1:{backend.port}/api/v1/monitor/ws?token={token}"
        async with connect(address, proxy=None) as link, open_stream(backend, task, token) as reader:
            await ask(link, {"type": "subscribe_task", "task_id": task})
            assert (await until(link, "task_snapshot"))["epoch"] == "0"
            assert (await reader.event())["epoch"] == "0"
            with (
                closing(sqlite3.connect(tmp_path / "backup")) as source,
                closing(sqlite3.connect(folder / "compliance.db")) as target,
            ):
                source.backup(target)
            await backend.services.manager.sweep.run_once()
            snapshot, streamed = await until(link, "task_snapshot"), await reader.until("task_snapshot")
            assert snapshot["seq"] < position
            assert snapshot["epoch"] == streamed["epoch"] == backend.services.epoch.value != "0"
