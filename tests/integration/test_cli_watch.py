"""`compliance watch` against the real server, through its restart; sign-in and renewal in this process."""

import asyncio
import io

import pytest

from app.cli.display.plain import PlainDisplay
from app.cli.watch import FixedToken, RenewedToken, _ask, _describe, _watch, ask_credentials
from app.client.errors import ClientError, ServerUnreachable, SignInFailed
from app.client.monitor import Connecting, Live, Waiting
from app.client.rest import RestClient
from app.compose.services import build_services
from app.core.principal import Principal
from app.domain.messages import MessageCatalog
from app.domain.verdict import Reason, Result, Verdict
from app.events.event import NewEvent
from app.events.types import Statistics, TaskWarning
from app.findings.recorder import Recorder
from app.scanstore.sqlite import SqliteScanStore
from app.server import serve
from tests.support.backend import ADMIN_PASSWORD, FakeMonitor, FakeRunner, cheap_passwords, make_settings
from tests.support.command import finish, line_with, start
from tests.support.realtime import until
from tests.support.said import said
from tests.support.violations import event_of, new_violation


def services_of(folder, **values):
    settings = make_settings(folder, **values)
    return build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())


class Scan:
    """A task, and the hands of the process that scans."""

    def __init__(self, services, task_id):
        self.services = services
        self.id = task_id

    @classmethod
    async def create(cls, services):
        users, _ = await services.users.list_page(page=1, page_size=1)
        task = await services.scans.create(Principal(users[0].id, "admin", "admin"), "site.example")
        return cls(services, task["id"])

    async def start(self):
        folder = self.services.settings.data_dir / "scans"
        folder.mkdir(exist_ok=True)
        SqliteScanStore(folder / f"{self.id}-1.db").close()
        await self.services.event_writer.write(self.services.lifecycle.claim(self.id, 1, "w", "site.example"))

    async def record(self, body, *violations):
        recorder = Recorder(task_id=self.id, attempt=1, run=1, clock=self.services.clock)
        assert await self.services.event_writer.write(recorder.record([NewEvent(body)], violations)) is not None

    async def find(self):
        violation = new_violation("bets.example", violation_id="v1", description="d")
        await self.record(event_of(violation, "zh-CN"), violation)

    async def complete(self, violations=0, verdict=None):
        statistics = Statistics(total_violations=violations)
        await self.services.event_writer.write(
            self.services.lifecycle.complete(self.id, 1, statistics, verdict=verdict)
        )


async def token_of(services):
    return (await services.auth.login("admin", ADMIN_PASSWORD)).access_token


async def test_it_follows_through_a_restart_and_ends_as_scan_does(tmp_path):
    async with serve(make_settings(tmp_path, port=0), services=services_of(tmp_path, port=0)) as (serving, _):
        scan, token, url = await Scan.create(serving.services), await token_of(serving.services), serving.url
        watching = await start("watch", scan.id, "--url", url, COMPLIANCE_TOKEN=token, LANG="en_GB")
        await line_with(watching.stderr, "site.example: waiting")
        await scan.start()
        await line_with(watching.stderr, "site.example: running")
    port = int(url.rsplit(":", 1)[1])
    settings = make_settings(tmp_path, port=port)
    async with serve(settings, services=services_of(tmp_path, port=port)) as (serving, _):
        scan = Scan(serving.services, scan.id)
        await scan.find()
        await line_with(watching.stderr, "VIOLATION: at least high · Gambling · bets.example")
        await scan.complete(violations=1)
        done = await finish(watching)
    assert done.code == 1, done.err
    assert "site.example: completed" in done.out
    assert "bets.example" in done.out


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict(Result.CLEAN), 0),
        (Verdict(Result.CLEAN, (Reason.PAGE_LIMIT,)), 0),
        (Verdict(Result.INCONCLUSIVE, (Reason.START_PAGE, Reason.SERVER_ERROR)), 3),
    ],
)
async def test_the_verdict_stands_in_the_first_line_and_in_the_exit_code(backend, verdict, code):
    scan = await Scan.create(backend.services)
    await scan.start()
    await scan.complete(verdict=verdict)
    token = await token_of(backend.services)
    done = await finish(await start("watch", scan.id, "--url", backend.url, COMPLIANCE_TOKEN=token, LANG="en_GB"))
    assert done.code == code, done.err
    line = f"site.example: completed after 00:00 · {said(f'verdict_{verdict.result}')}"
    why = (
        f" ({said(f'reason.{verdict.reasons[0]}')}) · {said('judged_of', judged=0, known=0)}" if verdict.reasons else ""
    )
    assert f"{line}{why}" in " · ".join(done.out.splitlines()[:2])


@pytest.fixture
async def backend(tmp_path):
    async with serve(make_settings(tmp_path, port=0), services=services_of(tmp_path, port=0)) as (serving, _):
        yield serving


async def test_a_cancelled_task_is_130_and_one_that_is_missing_is_2(backend):
    token = await token_of(backend.services)
    scan = await Scan.create(backend.services)
    watching = await start("watch", scan.id, "--url", backend.url, COMPLIANCE_TOKEN=token, LANG="en_GB")
    await line_with(watching.stderr, "site.example: waiting")
    users, _ = await backend.services.users.list_page(page=1, page_size=1)
    await backend.services.scans.cancel(Principal(users[0].id, "admin", "admin"), scan.id)
    assert (await finish(watching)).code == 130
    for task_id, given, line in (
        (
            "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10",
            token,
            said("cli.task_lost", "zh-CN", reason=said("lost.not_found", "zh-CN")),
        ),
        (scan.id, "nonsense", said("cli.stopped", "zh-CN", reason=said("lost.invalid_token", "zh-CN"))),
    ):
        done = await finish(await start("watch", task_id, "--url", backend.url, COMPLIANCE_TOKEN=given))
        assert done.code == 2
        assert line in done.err


async def test_ctrl_c_ends_the_watching_and_not_the_scan(backend):
    scan = await Scan.create(backend.services)
    token = await token_of(backend.services)
    watching = await start("watch", scan.id, "--url", backend.url, COMPLIANCE_TOKEN=token, LANG="en_GB")
    await line_with(watching.stderr, "site.example: waiting")
    watching.terminate()
    assert (await finish(watching)).code == 130
    users, _ = await backend.services.users.list_page(page=1, page_size=1)
    task = await backend.services.scans.get(Principal(users[0].id, "admin", "admin"), scan.id)
    assert task["status"] == "pending"


def display():
    return PlainDisplay(io.StringIO(), MessageCatalog("en"))


async def test_who_has_no_token_signs_in(backend):
    scan = await Scan.create(backend.services)
    await scan.start()
    await scan.record(TaskWarning(code="partial", message="not all"))
    await scan.complete()
    result = await _watch(scan.id, backend.url, ("admin", ADMIN_PASSWORD), display(), MessageCatalog("en"))
    assert result.report["warnings"] == [{"code": "partial", "message": "not all"}]
    with pytest.raises(SignInFailed) as refused:
        await _watch(scan.id, backend.url, ("admin", "wrong"), display(), MessageCatalog("en"))
    assert refused.value.code == "invalid_credentials"


async def test_a_deleted_task_has_no_report(backend):
    scan = await Scan.create(backend.services)
    shown = io.StringIO()
    watching = asyncio.create_task(
        _watch(
            scan.id,
            backend.url,
            ("admin", ADMIN_PASSWORD),
            PlainDisplay(shown, MessageCatalog("en")),
            MessageCatalog("en"),
        )
    )
    users, _ = await backend.services.users.list_page(page=1, page_size=1)
    await until(lambda: "site.example: waiting" in shown.getvalue())
    await backend.services.scans.delete(Principal(users[0].id, "admin", "admin"), scan.id)
    async with asyncio.timeout(30):
        assert await watching is None


async def test_a_session_is_renewed_and_a_given_token_is_not(backend):
    async with RestClient(backend.url) as rest:
        session = await rest.login("admin", ADMIN_PASSWORD)
        token = RenewedToken(rest, session)
        assert await token(renew=False) == session.access_token
        renewed = await token(renew=True)
        principal = await backend.services.auth.authenticate(renewed)
        assert isinstance(principal, Principal)
        assert await token(renew=False) == renewed
    assert await FixedToken("x", MessageCatalog("en"))(renew=False) == "x"
    with pytest.raises(SignInFailed, match="COMPLIANCE_TOKEN"):
        await FixedToken("x", MessageCatalog("en"))(renew=True)


def test_name_and_password_are_asked_for_in_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert ask_credentials("http://x", MessageCatalog("en"), terminal=Terminal("mei\n"), ask=lambda _: "secret") == (
        "mei",
        "secret",
    )
    assert ask_credentials("http://x", MessageCatalog("en"), terminal=Terminal("\n"), ask=lambda _: "secret") == (
        "admin",
        "secret",
    )
    with pytest.raises(SignInFailed, match="COMPLIANCE_TOKEN"):
        ask_credentials("http://x", MessageCatalog("en"), terminal=io.StringIO())


class Flaky:
    """Answers with these errors in turn, then with a report."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.renewals = []

    async def __call__(self, *, renew):
        self.renewals.append(renew)
        return "token"

    async def report(self, token):
        if self.errors:
            raise self.errors.pop(0)
        return {"task": {}}


async def test_the_report_is_asked_for_until_the_server_is_back_with_a_new_token_when_needed():
    away, expired = ServerUnreachable("no", code="x"), SignInFailed("old", code="expired_token")
    server = Flaky(away, expired, away)
    assert await _ask(server, server.report, chance=lambda: 0.0) == {"task": {}}
    assert server.renewals == [False, False, True, True]
    twice = Flaky(expired, expired)
    with pytest.raises(SignInFailed):
        await _ask(twice, twice.report, chance=lambda: 0.0)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (Connecting(0), "Connecting to http://x"),
        (Connecting(2), ""),
        (Live("c1"), ""),
        (Waiting(2.6, "1006"), said("waiting_s", reason=said("lost.1006"), seconds=2.6)),
        (Waiting(2.6, "http_503"), said("waiting_s", reason=said("lost.http", status=503), seconds=2.6)),
    ],
)
def test_states_of_the_connection_are_said(state, line):
    assert _describe(state, "http://x", MessageCatalog("en")) == line


async def test_refusals_and_silence_are_told_apart(backend):
    async with RestClient(backend.url) as rest:
        with pytest.raises(SignInFailed):
            await rest.report("x", "nonsense")
        session = await rest.login("admin", ADMIN_PASSWORD)
        with pytest.raises(ClientError) as missing:
            await rest.report("x", session.access_token)
        assert missing.value.code == "not_found"
    async with RestClient("http://127.0.0.1:1") as rest:
        with pytest.raises(ServerUnreachable):
            await rest.login("admin", "x")
    async with RestClient(backend.url + "/docs?") as rest:
        with pytest.raises(ClientError) as no_json:
            await rest.report("x", "y")
        assert no_json.value.code == "not_json"
