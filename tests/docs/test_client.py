"""docs/client.md: its example runs as it stands, against a real server; its names exist."""

import asyncio
import os
import sys

import pytest

import app.client
from app.client import taskview
from app.client.rest import RestClient
from app.events.types import Statistics
from tests.docs.markdown import ROOT, blocks, codes, first_codes, read, section
from tests.support.backend import ADMIN_PASSWORD
from tests.support.realtime import until, warning
from tests.support.streaming import stream_backend

TEXT = read("docs/client.md")
MAX_LINES = 20  # of the example, without blank ones


def example() -> str:
    (block,) = [block for block in blocks(TEXT) if block.language == "python"]
    return block.body


def test_the_example_is_short():
    assert len([line for line in example().splitlines() if line.strip()]) <= MAX_LINES


async def test_the_example_follows_a_task_to_its_end(tmp_path):
    script = tmp_path / "watcher.py"
    script.write_text(example(), encoding="utf-8")
    async with asyncio.timeout(60), stream_backend(tmp_path / "data") as backend:
        task = await backend.add_task(await backend.sign_in())
        watcher = await asyncio.create_subprocess_exec(
            sys.executable,
            str(script),
            backend.url,
            task,
            cwd=ROOT,
            env={**os.environ, "PASSWORD": ADMIN_PASSWORD, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
        )
        first = await watcher.stdout.readline()
        await backend.say(task, warning())
        # A server that loses the connection is no reason to miss anything.
        manager = backend.services.manager
        for connection in manager.registry.all():
            connection.transport.abort()
        await backend.say(task, warning())
        await until(lambda: len(manager.registry) == 1, timeout_s=20)
        await backend.services.event_writer.write(backend.services.lifecycle.complete(task, 1, Statistics()))
        rest = await watcher.stdout.read()
        assert await watcher.wait() == 0
    kinds = [line.split()[2] for line in (first + rest).decode().splitlines()]
    assert kinds == ["task_snapshot", "task_warning", "task_warning", "task_completed"]


@pytest.mark.parametrize("name", first_codes(section(TEXT, "Classes")) + first_codes(section(TEXT, "Errors")))
def test_every_name_exists(name):
    assert hasattr(app.client, name) or name == RestClient.__name__


def test_the_fields_that_are_named_exist():
    (row,) = [line for line in section(TEXT, "Classes").splitlines() if line.startswith("| `TaskView`")]
    for field in codes(row)[1:]:
        assert hasattr(taskview.TaskView("t"), field), field
