"""Ctrl-C at any moment: exit code 130, no traceback, no process left. Real processes, real signals."""

import asyncio
import os
import pty
import random
import re
import signal
import socket
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.support.command import ROOT, environment
from tests.support.realtime import until
from tests.support.small_world import TARGET, small_world

# Until our first instruction it is the interpreter that starts; what it says of a signal there is not ours.
INTERPRETER = re.compile(
    r"init_import_site|init_sys_streams|<frozen site>|site-packages|from app\.cli import main|runpy"
)
OURS = re.compile(r'File "[^"]*/app/(?!cli/__init__)')


def unmeasured(**values):
    """The environment without coverage, whose start in the interpreter takes every interrupt for a failed import."""
    return {key: value for key, value in environment(**values).items() if not key.startswith("COVERAGE_")}


async def start(*words, terminal=None, **values):
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from app.cli import main; raise SystemExit(main())",
        *map(str, words),
        cwd=ROOT,
        env=unmeasured(LANG="en", **values),
        stdin=asyncio.subprocess.DEVNULL if terminal is None else terminal,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def interrupt_after(process, *delays_s):
    """Send SIGINT after each of these times, as far as the process lives; return its code and what it said."""
    for delay_s in delays_s:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), delay_s)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)  # send_signal() would reap it first, and its code be lost
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return process.returncode, out.decode() + err.decode()


async def check(code, said, session):
    assert "Traceback" not in said or not OURS.search(said), said
    assert code in (130, -signal.SIGINT) or INTERPRETER.search(said), (code, said)
    await until(lambda: living_in(session) == [], timeout_s=30)  # what was killed takes a moment to be gone


def living_in(session):
    """Processes of that session; zombies that nobody has waited for are none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            state, _parent, _group, its_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state != "Z":
                found.append((folder / "cmdline").read_text())
    return found


@pytest.mark.parametrize("seed", range(12))
async def test_in_the_first_moments(seed, tmp_path):
    delays = [random.Random(seed).uniform(0, 0.05), 0.01][: 1 + seed % 2]
    process = await start("scan", "site.example", "--no-keep", TMPDIR=str(tmp_path))
    await check(*await interrupt_after(process, *delays), process.pid)


@pytest.mark.parametrize("seed", range(6))
async def test_while_modules_are_imported_and_the_scan_runs(seed, tmp_path):
    chance = random.Random(seed)
    delays = [chance.uniform(0.05, 4), chance.uniform(0, 1)][: 1 + seed % 2]
    async with small_world() as world:
        world.delay_s = 0.5
        words = ["--no-passive", "--no-screenshots", "--no-keep"]
        words += [word for address in world.settings["resolvers"] for word in ("--resolver", address)]
        words += [word for cidr in world.settings["allow_networks"] for word in ("--allow-network", cidr)]
        ports = ",".join(world.settings["port_map"])
        process = await start("scan", TARGET, *words, TMPDIR=str(tmp_path), COMPLIANCE_PORT_MAP=ports)
        code, said = await interrupt_after(process, *delays)
    await check(code, said, process.pid)
    assert code == 130


async def test_while_a_server_does_not_answer():
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = await start("watch", "t1", "--url", url, COMPLIANCE_TOKEN="x")
        code, said = await interrupt_after(process, 3)
    await check(code, said, process.pid)
    assert code == 130


async def test_while_a_password_is_asked_for(tmp_path):
    ours, theirs = pty.openpty()
    process = await start("create-admin", terminal=theirs, COMPLIANCE_DATA_DIR=str(tmp_path / "data"))
    try:
        code, said = await interrupt_after(process, 3)
    finally:
        os.close(ours)
        os.close(theirs)
    await check(code, said, process.pid)
    assert code == 130
