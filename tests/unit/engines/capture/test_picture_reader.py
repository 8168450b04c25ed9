"""Tesseract as a program that may do anything: stands for it, a script."""

import asyncio
import contextlib
import gc
import os
import signal
from pathlib import Path

import pytest
import uvloop
from structlog.testing import capture_logs

from app.engines.capture import picture_reader
from app.engines.capture.picture_reader import (
    MAX_PICTURE,
    PictureReader,
    PictureUnread,
    Tesseract,
    find_tesseract,
)


@pytest.fixture
def program(tmp_path):
    """Writes a script in place of Tesseract."""

    def write(script):
        path = tmp_path / "tesseract"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture
def reader(program):
    def make(script, *, timeout_s=10.0):
        return PictureReader(Tesseract(program(script), ("chi_sim", "eng")), timeout_s=timeout_s)

    return make


def test_the_program_is_found_with_those_of_our_languages_that_it_has(program, tmp_path):
    path = program("echo 'List of available languages (3):'; echo eng; echo chi_sim; echo deu")
    assert find_tesseract(path) == Tesseract(path, ("chi_sim", "eng"))
    assert find_tesseract(program("echo eng")).languages == ("eng",)
    assert find_tesseract(program("echo deu")) is None
    assert find_tesseract(program("exit 3")) is None
    assert find_tesseract(str(tmp_path / "nothing")) is None


async def test_the_picture_goes_in_and_lines_of_text_come_out(reader):
    found = await reader('echo "$@"; printf "\\n  "; cat; echo').read(b"picture")
    assert found == "stdin stdout -l chi_sim+eng --psm 11\npicture"


async def test_it_runs_within_limits_of_time_and_memory(reader):
    script = "cat >/dev/null; ulimit -t; ulimit -v; ulimit -c; nice; echo $OMP_THREAD_LIMIT"
    cpu_s, memory, cores, nice, threads = (await reader(script).read(b"x")).split()
    assert (int(cpu_s), int(memory), int(cores)) == (10, 1024**2, 0)
    assert (int(nice), int(threads)) == (max(10, os.nice(0)), 1)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("cat >/dev/null; exit 1", "failed"),
        ("cat >/dev/null; kill -SEGV $$", "failed"),
        ("exec yes", "too much text"),
        ("exec 0<&-; exit 4", "failed|ended"),
    ],
)
async def test_what_it_does_wrong_is_a_picture_that_is_not_read(reader, script, reason):
    with pytest.raises(PictureUnread, match=reason):
        await reader(script).read(b"x" * 200_000)


async def test_one_that_has_written_more_than_is_read_is_ended(reader, monkeypatch):
    async def fill(stream):
        await stream.readexactly(1)
        while stream._transport.is_reading():  # noqa: ASYNC110 - until the stream holds all that it may
            await asyncio.sleep(0)
        raise PictureUnread("too much text")

    monkeypatch.setattr(picture_reader, "_read_all", fill)
    with pytest.raises(PictureUnread, match="too much text"):
        await asyncio.wait_for(reader("exec yes").read(b"x"), 10)


async def test_what_is_no_text_is_replaced(reader):
    assert await reader("cat >/dev/null; printf '\\377\\n\\n a '").read(b"x") == "\ufffd\na"


async def test_one_that_hangs_is_ended(reader, tmp_path):
    pid = tmp_path / "pid"
    with pytest.raises(PictureUnread, match="slow"):
        await reader(f"echo $$ > {pid}; exec sleep 100", timeout_s=3).read(b"x")  # time to begin
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_a_cancelled_scan_leaves_no_process(reader, tmp_path):
    started = tmp_path / "started"
    os.mkfifo(started)
    task = asyncio.create_task(reader(f"echo $$ > {started}; exec sleep 100").read(b"x"))
    pid = int(await asyncio.to_thread(started.read_text))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("script", "timeout_s", "reason"),
    [
        ("yes & echo $! >&9; wait", 15, "too much text"),  # it writes on when its parent is gone
        ("sleep 100 & echo $! >&9; cat >/dev/null; exec sleep 100", 3, "slow"),  # time to begin
        ("sleep 100 & echo $! >&9; exit 0", 3, "slow|ended"),
        ("sleep 100 <&0 & echo $! >&9; exec sleep 100", 3, "slow"),  # and takes no more of the picture
    ],
    ids=["writes_on", "holds_the_output", "outlives", "holds_both"],
)
def test_what_the_program_has_started_holds_up_nobody(reader, tmp_path, new_loop, script, timeout_s, reason):
    pids = tmp_path / "pids"

    async def use():
        # The loop of a process has watchers and files of its own: they are there after the first one.
        assert await reader("cat").read(b"x") == "x"
        gc.collect()  # files of tests before it
        before = open_files()
        async with asyncio.timeout(20):  # less than any of them lives
            with pytest.raises(PictureUnread, match=reason):
                await reader(f"exec 9>{pids}; echo $$ >&9; {script}", timeout_s=timeout_s).read(b"x" * 2_000_000)
        await asyncio.sleep(0)  # the pipes are closed by the loop
        assert open_files() == before

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(use())
    own, *others = map(int, pids.read_text().split())
    with pytest.raises(ProcessLookupError):
        os.kill(own, 0)
    for pid in others:
        with contextlib.suppress(ProcessLookupError):  # the one that writes has ended: nobody reads it
            os.kill(pid, signal.SIGKILL)


async def test_one_that_does_not_die_is_left_to_the_loop(reader, monkeypatch):
    ended = []

    async def wait_for_good(process):
        ended.append(process)
        await asyncio.Event().wait()

    monkeypatch.setattr(picture_reader, "END_S", 0.05)
    monkeypatch.setattr(asyncio.subprocess.Process, "wait", wait_for_good)
    with capture_logs() as logs, pytest.raises(PictureUnread, match="slow"):
        await asyncio.wait_for(reader("exec sleep 100", timeout_s=0.2).read(b"x"), 10)
    assert [(line["event"], line["pid"]) for line in logs] == [("picture_reader_still_running", ended[-1].pid)]
    monkeypatch.undo()
    await ended[-1].wait()
    with pytest.raises(ProcessLookupError):
        os.kill(ended[-1].pid, 0)


async def test_a_program_that_is_gone_and_a_picture_that_is_too_large(tmp_path):
    gone = PictureReader(Tesseract(str(tmp_path / "gone"), ("eng",)))
    with pytest.raises(PictureUnread, match="started"):
        await gone.read(b"x")
    with pytest.raises(PictureUnread, match="large"):
        await gone.read(b"x" * (MAX_PICTURE + 1))
