"""What the log of a real server looks like: to people at a terminal, and to programs that read a pipe."""

import asyncio
import json
import os
import pty
import re
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from tests.support.command import ROOT, environment, finish, start

LINE = re.compile(
    r"(?:\x1b\[\d+m)*\d\d:\d\d:\d\d(?:\x1b\[\d+m)* (?:\x1b\[\d+m)*(info|warning|error) +(?:\x1b\[\d+m)* \S.*"
)
WIDTH = 100


class Terminal:
    """`compliance serve` for the first time, as somebody sees it who has typed it."""

    def __init__(self, process, output):
        self.process = process
        self.output = output
        self.shown = ""

    async def until(self, text):
        async with asyncio.timeout(60):
            while text not in self.shown:
                self.shown += (await self.output.read(65_536)).decode()


@asynccontextmanager
async def first_start(folder, **values):
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "--lang", "en", "serve", "--port", "0", "--data-dir", str(folder)),
        cwd=ROOT,
        env=environment(**values),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    output = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(output), os.fdopen(ours, "rb", 0)
    )
    try:
        yield Terminal(process, output)
    finally:
        transport.close()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await process.wait()


async def test_the_password_stands_between_short_lines(tmp_path):
    async with first_start(tmp_path / "data", COMPLIANCE_LANGUAGE="en") as terminal:
        await terminal.until("Serving: ")
    lines = [line for line in terminal.shown.replace("\r", "").split("\n") if line]
    (password,) = (line for line in lines if "password" in line)
    assert re.search(r"(?<!\S)[\w-]{20}(?!\S)", password)
    others = [line for line in lines if line != password]
    assert len(others) >= 2
    assert [line for line in others if not LINE.fullmatch(line)] == []
    assert [line for line in lines if len(line) > WIDTH] == []
    assert "trace_id" not in terminal.shown


async def test_a_terminal_gets_json_when_the_setting_says_so(tmp_path):
    async with first_start(tmp_path / "data", COMPLIANCE_LOG_FORMAT="json") as terminal:
        await terminal.until('"serving"')
    objects = [json.loads(line) for line in terminal.shown.splitlines() if line.startswith("{")]
    assert {"database_migrated", "serving"} <= {found["event"] for found in objects}


@pytest.mark.parametrize(("log_format", "reads_json"), [("auto", True), ("text", False)])
async def test_a_pipe_gets_an_object_a_line_unless_the_setting_says_otherwise(tmp_path, log_format, reads_json):
    process = await start("serve", "--port", 0, "--data-dir", tmp_path / "data", COMPLIANCE_LOG_FORMAT=log_format)
    async with asyncio.timeout(60):
        first = await process.stderr.readline()
        while b"erving" not in await process.stderr.readline():
            pass
    process.send_signal(signal.SIGTERM)
    done = await finish(process, 30)
    assert done.code == 0
    lines = [first.decode(), *done.err.splitlines()]
    if reads_json:
        assert {"timestamp", "level", "event", "logger", "trace_id"} <= set.intersection(
            *(set(json.loads(line)) for line in lines)
        )
    else:
        assert [line for line in lines if not LINE.fullmatch(line.strip())] == []
    assert "admin" in done.out
    assert "admin" not in done.err
