"""What an attempt has found stays byte for byte, whatever becomes of the next one."""

import re
from io import BytesIO
from unittest.mock import ANY
from zipfile import ZipFile

import pypdfium2
import pytest

from app.cli import exit_codes
from app.domain.log_entry import LogEntry
from app.domain.report_format import ReportFormat
from app.domain.scan_facts import PageFact
from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import RiskLevel, ViolationKey
from app.events.event import NewEvent, PendingLogs
from app.events.types import ErrorInfo, Statistics, TaskStage
from app.findings.recorder import Recorder
from tests.integration.test_api_findings import scanned
from tests.integration.test_api_reports import found, store_of
from tests.support.command import run
from tests.support.violations import tell

__all__ = ["scanned"]  # a fixture

LISTS = ("/subdomains", "/pages", "/third-parties", "/violations", "/findings", "/references")
DETAILS = ("/findings/gambling.casino.test", "/third-parties/casino.test", "/pages/1", "/references?format=csv")
REPORTS = tuple(f"/report?format={kind}&lang=en" for kind in ReportFormat)
STATISTICS = Statistics(total_pages_crawled=1, total_violations=2)


class Task:
    def __init__(self, backend, headers, place, hashes):
        self.backend, self.headers, self.place = backend, headers, place
        self.id = place.rpartition("/")[2]
        self.captures = tuple(f"/captures/{hashes[kind]}" for kind in ("html", "text", "screenshot", "own"))
        self.life = backend.services.lifecycle

    async def write(self, *units):
        for unit in units:
            assert await self.backend.services.event_writer.write(unit) is not None

    async def get(self, address):
        answer = await self.backend.client.get(address, headers=self.headers)
        assert answer.status_code == 200, (address, answer.text)
        return answer

    async def read_all(self, attempt=None):
        """What every route that reads results answers; moments at which a report was made left out."""
        read = {}
        for tail in (*LISTS, *DETAILS, *REPORTS, *self.captures):
            asked = "" if attempt is None else f"{'&' if '?' in tail else '?'}attempt={attempt}"
            answer = await self.get(self.place + tail + asked)
            kind = re.search(r"format=(\w+)&lang", tail)
            read[tail] = COMPARABLE.get(kind and kind[1], bytes)(answer.content)
        return read

    async def command(self, folder, kind):
        """The report of attempt 1 as the command writes it, with a server beside it."""
        path = folder / f"report.{kind}"
        data_dir = self.backend.services.settings.data_dir
        done = await run("report", self.id, "--data-dir", data_dir, "--attempt", 1, "--output", path, "--lang", "en")
        assert done.code == exit_codes.CLEAN, done.err
        return COMPARABLE.get(kind, bytes)(path.read_bytes())

    async def log(self, attempt):
        query = "" if attempt is None else f"?attempt={attempt}"
        return (await self.get(f"/api/v1/monitor/tasks/{self.id}/logs{query}")).json()

    async def report_something(self, attempt, *violations):
        """A log line, a stage that runs, and violations."""
        recorder = Recorder(task_id=self.id, attempt=attempt, run=attempt, clock=self.backend.services.clock)
        stage = TaskStage(stage_key=StageKey.PAGE_CRAWL, stage="s", status="running")
        line = PendingLogs((LogEntry("INFO", "m", f"of attempt {attempt}"),))
        told = tell(*violations)
        events = [NewEvent(stage), NewEvent(line), *told.events]
        await self.write(recorder.record(events, told.violations, told.changes))

    async def run_second(self, end):
        """Another attempt with a file and a violation of its own, that ends in this way."""
        answer = await self.backend.client.post(f"{self.place}/retry", headers=self.headers)
        assert answer.status_code == 202
        await self.write(self.life.claim(self.id, 2, "w", "example.com"))
        store = store_of(self.backend, self.id, 2)
        store.add_page(PageFact("http://example.com/second", 0, 200, "text/html", parsed=True))
        store.close()
        await self.report_something(2, found(3, "other.test", ViolationKey.ADULT, RiskLevel.HIGH, 0.9))
        if end == "completed":
            await self.write(self.life.complete(self.id, 2, STATISTICS, verdict=Verdict(Result.VIOLATIONS)))
        elif end == "inconclusive":
            await self.write(self.life.complete(self.id, 2, STATISTICS, verdict=Verdict(Result.INCONCLUSIVE)))
        elif end == "failed":
            await self.write(self.life.fail(self.id, 2, ErrorInfo(code="internal", message="m"), STATISTICS))
        elif end == "cancelled":
            await self.write(self.life.request_cancel(self.id, by="mei"), self.life.cancelled(self.id, 2, STATISTICS))


def without_moment(content):
    """A file says when it was made."""
    told = re.compile(r"<dt><bdi>Report generated</bdi></dt><dd>.*?</dd>")
    text, count = told.subn("", content.decode())
    assert count == 1
    return text


def pdf_text(content):
    """The text of all pages, without the moment at which it was made."""
    document = pypdfium2.PdfDocument(content)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    told, count = re.subn(r"Report generated\s+\S+ \S+ UTC", "", text)
    assert count == 1
    return told


def archive_files(content):
    """Every file of an archive by its name, but the one that says when it was made."""
    with ZipFile(BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name != "README.txt"}
    sums = [line for line in files["SHA256SUMS"].splitlines() if b"README.txt" not in line]
    return {**files, "SHA256SUMS": sums}


COMPARABLE = {"html": without_moment, "pdf": pdf_text, "zip": archive_files}


@pytest.fixture
async def task(backend, scanned):
    """Attempt 1 has come to a verdict."""
    task = Task(backend, *scanned)
    await task.report_something(1)
    await task.write(task.life.complete(task.id, 1, STATISTICS, verdict=Verdict(Result.VIOLATIONS)))
    return task


@pytest.mark.parametrize("end", ["running", "cancelled", "failed", "inconclusive", "completed"])
async def test_what_the_first_attempt_found_is_read_unchanged_whatever_becomes_of_the_second(task, end):
    before, log = await task.read_all(), await task.log(1)
    await task.run_second(end)
    assert await task.read_all(attempt=1) == before
    assert await task.log(1) == log
    if end != "completed":
        assert await task.read_all() == before
    messages = [[line["message"] for line in (await task.log(attempt))["items"]] for attempt in (1, 2, None)]
    second = ["of attempt 2", *([ANY] if end == "cancelled" else [])]  # and who cancelled it
    assert messages == [["of attempt 1"], second, ["of attempt 1", *second]]


@pytest.mark.parametrize("end", ["cancelled", "failed", "completed"])
async def test_the_command_writes_the_first_attempts_report_unchanged_too(task, tmp_path, end):
    before = {kind: await task.command(tmp_path, kind) for kind in ("csv", "pdf")}
    await task.run_second(end)
    assert {kind: await task.command(tmp_path, kind) for kind in before} == before


@pytest.mark.parametrize(("end", "shown"), [("running", 1), ("cancelled", 1), ("failed", 1), ("completed", 2)])
async def test_every_answer_says_whose_results_it_shows(task, end, shown):
    await task.run_second(end)
    for tail in LISTS:
        assert (await task.get(task.place + tail)).json()["attempt"] == shown
        assert (await task.get(f"{task.place}{tail}?attempt=2")).json()["attempt"] == 2
    for tail in ("/report", *REPORTS, "/references?format=csv"):
        assert (await task.get(task.place + tail)).headers["scan-attempt"] == str(shown)
    live = (await task.get(task.place)).json()
    assert (live["attempt"], live["shown_attempt"]) == (2, shown)
    state = (await task.get(f"/api/v1/monitor/tasks/{task.id}/status")).json()
    assert (state["attempt"], state["status"]) == (2, end)


async def test_the_running_attempt_is_read_when_it_is_asked_for(task):
    await task.run_second("running")
    pages = (await task.get(f"{task.place}/pages?attempt=2")).json()
    assert [page["url"] for page in pages["items"]] == ["http://example.com/second"]
    violations = (await task.get(f"{task.place}/violations?attempt=2")).json()
    assert [one["domain"] for one in violations["items"]] == ["other.test"]


async def test_a_capture_is_had_of_the_attempt_that_has_it_alone(task):
    await task.run_second("completed")
    for capture in task.captures:
        assert (await task.get(f"{task.place}{capture}?attempt=1")).headers["scan-attempt"] == "1"
        answer = await task.backend.client.get(task.place + capture, headers=task.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    detail = (await task.get(f"{task.place}/findings/gambling.casino.test?attempt=1")).json()
    for one in detail["captures"]:
        for kind in ("html", "text"):
            if one[kind]:
                await task.get(one[kind]["href"])


@pytest.mark.parametrize("end", ["cancelled", "failed"])
async def test_no_stage_of_an_attempt_that_has_ended_runs(task, end):
    await task.run_second(end)
    newest, first = (await task.get(f"{task.place}/attempts")).json()["items"]
    assert {stage["status"] for stage in newest["stages"]} == {end, "pending"}
    assert newest["ended_by"] == ("mei" if end == "cancelled" else None)
    assert first["status"] == "completed"
