"""The real server with a scan that the test plays by hand, and a browser in front of it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Final, cast

from playwright.async_api import Browser, Error, Page, async_playwright, expect
from pydantic import SecretStr

from app.compose.services import Services, build_services
from app.core.config import Settings
from app.core.ids import new_id
from app.core.principal import Principal
from app.domain.log_entry import LogEntry, LogLevel
from app.domain.scan_facts import Capture, Relation, ThirdParty
from app.domain.stages import STAGE_BY_KEY, STAGES, StageKey
from app.domain.verdict import Verdict
from app.domain.violations import RiskLevel, ViolationKey
from app.engines.capture.browser_process import WITHOUT_FEATURES
from app.events.event import NewEvent, PendingLogs
from app.events.event_body import EventBody
from app.events.types import ErrorInfo, Statistics, TaskProgress, TaskStage, TaskWarning
from app.findings.recorder import Recorder
from app.findings.run_findings import RunFindings
from app.scanstore.files import store_path
from app.scanstore.sqlite import SqliteScanStore
from app.server import serve
from tests.support.backend import ADMIN_PASSWORD, FakeMonitor, FakeRunner, cheap_passwords
from tests.support.live import TurnedClock
from tests.support.ports import free_port
from tests.support.violations import Told, new_violation, tell

CHROMIUM = os.environ.get("COMPLIANCE_CHROMIUM_PATH", "/usr/bin/chromium")
# Without the sandbox: it shows our own pages only, and root has none.
BROWSER: Final[dict[str, Any]] = {
    "executable_path": CHROMIUM,
    "chromium_sandbox": False,
    "args": [WITHOUT_FEATURES],  # half of what a page costs
}
WAIT_MS = 90_000  # of a machine that is busy


class Theatre:
    """A server on a fixed port and folder, which can be stopped and started again. Scans move only by `Scene`."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = Settings(
            data_dir=folder, port=free_port(), admin_password=SecretStr(ADMIN_PASSWORD), log_level="ERROR", **settings
        )
        self.clock = TurnedClock()
        self.services: Services | None = None
        self._admin: Principal | None = None
        self._stack = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def backend(self) -> Services:
        assert self.services is not None
        return self.services

    async def start(self) -> None:
        services = build_services(
            self.settings, clock=self.clock, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor()
        )
        await self._stack.enter_async_context(serve(self.settings, services=services))
        self.services = services
        users, _ = await services.users.list_page(page=1, page_size=1)
        self._admin = Principal(users[0].id, users[0].username, "admin")

    async def stop(self) -> None:
        await self._stack.aclose()
        self.services = None

    async def restart(self, *, away_s: float = 0.0) -> None:
        await self.stop()
        await asyncio.sleep(away_s)
        await self.start()

    def admin(self) -> Principal:
        assert self._admin is not None
        return self._admin

    async def scene(self, domain: str = "corp.test", *, claimed: bool = True) -> "Scene":
        """A new task of the administrator."""
        task_id = new_id()
        create = self.backend.lifecycle.create(task_id, user_id=self.admin().user_id, target_domain=domain, config={})
        await self.backend.event_writer.write(create)
        scene = Scene(self, task_id, domain)
        if claimed:
            await scene.claim()
        return scene


class Scene:
    """One task, played by hand."""

    def __init__(self, theatre: Theatre, task_id: str, domain: str) -> None:
        self.theatre = theatre
        self.task_id = task_id
        self.domain = domain
        self.attempt = 1
        self.run = 1
        self.counts: dict[str, int] = {}
        self.findings = RunFindings()

    async def claim(self) -> None:
        self.store_parties()  # a run's file is there from before it begins
        await self._write(self.theatre.backend.lifecycle.claim(self.task_id, self.attempt, "worker-1", self.domain))

    async def say(self, *bodies: EventBody | PendingLogs, told: Told | None = None) -> None:
        recorder = Recorder(task_id=self.task_id, attempt=self.attempt, run=self.run, clock=self.theatre.backend.clock)
        told = told or Told([], [], [])
        await self._write(recorder.record([NewEvent(body) for body in bodies], told.violations, told.changes))

    async def stage(self, key: StageKey, status: str) -> None:
        name = STAGE_BY_KEY[key].name("zh-CN")
        await self.say(TaskStage(stage_key=key, stage=name, status=cast("Any", status)))

    async def progress(self, percent: int, key: StageKey, stage_percent: int, message: str, **counts: int) -> None:
        self.counts |= counts
        spec = STAGE_BY_KEY[key]
        body = TaskProgress(
            progress=percent,
            stage=spec.name("zh-CN"),
            message=message,
            stage_key=key,
            stage_index=spec.index,
            stage_progress=stage_percent,
            counts=dict(self.counts),
        )
        await self.say(body)

    async def log(self, *messages: str, level: LogLevel = "INFO") -> None:
        now = self.theatre.backend.clock.now()
        await self.say(PendingLogs(tuple(LogEntry(level, "crawl", message, now) for message in messages)))

    async def warn(self, code: str, message: str) -> None:
        await self.say(TaskWarning(code=cast("Any", code), message=message))

    async def find(self, domain: str, key: ViolationKey, risk: str, score: float, text: str, **more: str) -> str:
        violation = new_violation(
            domain,
            violation_key=key,
            risk_level=RiskLevel(risk),
            confidence_score=score,
            description=text,
            url=more.get("url", f"http://{domain}/"),
            found_on=more.get("found_on", f"https://www.{self.domain}/links"),
        )
        told = tell(violation, known=self.findings)
        await self.say(self.findings.event(told.violations[0], "zh-CN"), told=told)
        return violation.id

    async def stages_up_to(self, last: StageKey) -> None:
        """Everything before `last` is done, and it runs."""
        for spec in STAGES:
            await self.stage(spec.key, "running")
            if spec.key == last:
                return
            await self.stage(spec.key, "completed")

    async def complete(self, *, verdict: Verdict | None = None, **statistics: int) -> None:
        lifecycle, numbers = self.theatre.backend.lifecycle, Statistics(**statistics)
        await self._write(lifecycle.complete(self.task_id, self.attempt, numbers, verdict=verdict))

    async def fail(self, code: str, message: str) -> None:
        error = ErrorInfo(code=code, message=message)
        await self._write(self.theatre.backend.lifecycle.fail(self.task_id, self.attempt, error, Statistics()))

    async def requeue(self) -> None:
        await self._write(self.theatre.backend.lifecycle.requeue(self.task_id, self.attempt))
        self.attempt += 1

    async def begin_again(self) -> None:
        """After a retry by the user: the next attempt with a file of its own."""
        self.attempt += 1
        self.run = self.attempt
        await self.claim()

    async def end_cancelled(self) -> None:
        await self._write(self.theatre.backend.lifecycle.cancelled(self.task_id, self.attempt, Statistics()))

    def store_parties(self, *parties: ThirdParty, captures: Iterable[Capture] = ()) -> None:
        """What REST lists as third parties, and what came of looking at them."""
        path = store_path(self.theatre.settings.data_dir, self.task_id, self.run)
        path.parent.mkdir(parents=True, exist_ok=True)
        store = SqliteScanStore(path)
        try:
            for party in parties:
                store.put_third_party(party)
            for capture in captures:
                store.put_capture(capture)
            store.flush()
        finally:
            store.close()

    async def _write(self, unit: Any) -> None:
        assert await self.theatre.backend.event_writer.write(unit) is not None


def party(domain: str, category: str, references: int, relation: Relation = Relation.LINK, **more: Any) -> ThirdParty:
    hosts = more.pop("hosts", (domain,))
    return ThirdParty(domain=domain, hosts=hosts, category=category, references=references, relation=relation, **more)


def capture(domain: str, page_class: str = "content", **more: Any) -> Capture:
    url = f"https://{domain}/"
    return Capture(domain=domain, host=domain, url=url, final_url=url, page_class=page_class, **more)


@contextlib.asynccontextmanager
async def open_theatre(folder: Path, **settings: Any) -> AsyncIterator[Theatre]:
    theatre = Theatre(folder, **settings)
    await theatre.start()
    try:
        yield theatre
    finally:
        await theatre.stop()


@contextlib.asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**BROWSER)
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(browser: Browser, url: str, **options: Any) -> Page:
    """A fresh window, Chinese unless told otherwise. What goes wrong in it stands in `page.problems`."""
    context = await browser.new_context(**{"locale": "zh-CN", "viewport": {"width": 1280, "height": 900}, **options})
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    problems: list[str] = []

    def note(error: Error) -> None:
        problems.append(str(error))

    page.on("pageerror", note)
    page.problems = problems  # type: ignore[attr-defined]
    await page.goto(url)
    return page


async def sign_in(page: Page, username: str = "admin", password: str = ADMIN_PASSWORD) -> None:
    await page.fill("#username", username)
    await page.fill("#password", password)
    await page.click("form button[type=submit]")
    await page.wait_for_selector(".bar")
