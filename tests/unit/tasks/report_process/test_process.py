"""The processes that make reports: their pieces, their failures, and that none stays behind."""

import asyncio
import gc
import os
import signal
import subprocess
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.errors import NotFound, Unavailable
from app.domain.messages import Language
from app.scans.ports import ReportOrder
from app.tasks.report_process.process import ReportProcess
from app.tasks.report_process.worker import NICE
from tests.support.backend import HandClock, make_settings

MADE_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def order(kind, domain=None):
    return ReportOrder(task_id="t", attempt=1, site="a.test", kind=kind, language="en", made_at=MADE_AT, domain=domain)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def process(folder):
    """One for all tests: it takes a second to start, and whatever becomes of one document, it goes on."""
    process = ReportProcess(make_settings(folder), module="tests.support.broken_reports")
    yield process
    asyncio.run(process.close())


@asynccontextmanager
async def opened(process, kind, domain=None):
    pieces = await process.open(order(kind, domain))
    try:
        yield pieces
    finally:
        await pieces.close()


async def whole(process, kind, domain=None):
    async with opened(process, kind, domain) as pieces:
        read = []
        while (piece := await pieces.read()) is not None:
            read.append(piece)
        return read


def lives(pid):
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pid):
    """Wait until the process is no more."""
    async with asyncio.timeout(30):
        while lives(pid):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


async def test_a_document_comes_in_pieces_to_its_end(process):
    read = await whole(process, "good")
    assert b"".join(read) == b"one" + b"2" * 200_000 + b"2026-01-02T03:04:05+00:00"
    assert max(map(len, read)) <= 65_536
    assert await whole(process, "nothing") == []


async def test_every_document_has_a_process_of_its_own_that_steps_back(process):
    async with opened(process, "who") as first, opened(process, "who") as second:
        pids = {int(await one.read()) for one in (first, second)}
    assert len({*pids, process.pid, os.getpid()}) == 4
    assert await whole(process, "priority") == [b"%d" % (os.nice(0) + NICE)]


async def test_it_knows_where_the_data_are_and_no_secret(folder, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_SECRET_KEY", "x" * 40)
    settings = make_settings(folder, secret_key=SecretStr("x" * 40))
    process = ReportProcess(settings, module="tests.support.broken_reports")
    (said,) = await whole(process, "environment")
    assert not [line for line in said.decode().splitlines() if line.startswith("COMPLIANCE_")]
    assert await whole(process, "settings_of", "data_dir") == [str(folder).encode()]
    assert await whole(process, "settings_of", "secret_key") == [b"None"]
    await process.close()


@pytest.mark.parametrize(
    ("what", "kind", "code"),
    [
        ("missing", NotFound, "not_found"),
        ("busy", Unavailable, "results_unavailable"),
        ("damaged", Unavailable, "scan_store_damaged"),
        ("disk", Unavailable, "report_failed"),
        ("bug", Unavailable, "report_failed"),
    ],
)
async def test_what_goes_wrong_there_is_raised_here_without_internals(process, what, kind, code):
    with pytest.raises(kind) as raised:
        await whole(process, "raises", what)
    assert raised.value.code == code
    for language in Language:
        assert raised.value.text_in(language)
        assert "secret" not in raised.value.text_in(language)


async def test_a_failure_keeps_its_finer_text_and_when_to_come_back(process):
    with pytest.raises(NotFound) as missing:
        await whole(process, "raises", "missing")
    assert missing.value.text_key == "no_such_third_party"
    with pytest.raises(Unavailable) as busy:
        await whole(process, "raises", "busy")
    assert busy.value.retry_after_s == 3


@pytest.mark.parametrize("kind", ["memory", "time"])
async def test_a_document_that_takes_too_much_is_said_to_be_too_large(process, kind):
    with pytest.raises(Unavailable) as raised:
        await whole(process, kind)
    assert (raised.value.code, raised.value.text_key) == ("report_failed", "report_too_large")
    assert await whole(process, "priority")


async def test_a_process_that_is_killed_ends_one_document_alone(process):
    async with opened(process, "who") as other:
        pid = int(await other.read())
        with pytest.raises(Unavailable) as raised:
            await whole(process, "dies")
        assert raised.value.code == "report_failed"
        assert lives(pid)
    assert await whole(process, "good")


async def test_a_reader_who_leaves_ends_it_whatever_it_is_doing(process):
    async with opened(process, "who") as pieces:
        pid = int(await pieces.read())
        assert lives(pid)
    await gone(pid)


async def test_a_reader_who_waits_makes_it_wait(process, tmp_path):
    """What nobody takes is not made: some pieces are in the socket, and in our buffer."""
    path = tmp_path / "number"
    async with opened(process, "counted", str(path)) as pieces:
        await pieces.read()
        numbers = [-1, 0]
        while not numbers[-1] or numbers[-1] != numbers[-2]:  # 0: it is being written
            await asyncio.sleep(0.3)
            numbers.append(number_in(path))
        assert 0 < numbers[-1] < 20


def number_in(path):
    return int(path.read_text() or 0)


async def test_when_the_process_that_forks_was_killed_another_one_is_started(process):
    await whole(process, "good")
    killed = process.pid
    os.kill(killed, signal.SIGKILL)
    await gone(killed)
    assert await whole(process, "good")
    assert process.pid != killed


async def test_a_process_that_cannot_begin_is_a_report_that_failed(tmp_path):
    process = ReportProcess(make_settings(tmp_path), module="tests.support.no_such_module")
    with pytest.raises(Unavailable) as raised:
        await whole(process, "good")
    assert raised.value.code == "report_failed"
    await process.close()


async def test_a_process_that_ends_before_it_got_its_settings_leaves_nothing_open(tmp_path, monkeypatch):
    process = ReportProcess(make_settings(tmp_path), module="tests.support.no_such_module")
    started = subprocess.Popen

    def start_and_end(*arguments, **options):
        child = started(*arguments, **options)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has noticed
        return child

    monkeypatch.setattr(subprocess, "Popen", start_and_end)
    with pytest.raises(Unavailable):
        await whole(process, "good")
    await process.close()
    gc.collect()  # what was left open is told here


async def test_it_is_started_ahead_of_the_first_report_and_leaves_nothing_behind(folder):
    process = ReportProcess(make_settings(folder), module="tests.support.broken_reports")
    assert process.pid is None
    await process.warm_up(HandClock())
    pid = process.pid
    assert lives(pid)
    await whole(process, "good")
    assert process.pid == pid
    await process.close()
    await process.close()
    await gone(pid)
