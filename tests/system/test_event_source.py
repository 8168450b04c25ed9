"""A browser's `EventSource` behind nginx as `deploy/nginx` has it: quiet streams, cuts, used tickets."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from app.compose.services import build_services
from app.events.event import NewEvent
from app.events.types import TaskWarning
from app.findings.recorder import Recorder
from app.server import serve
from app.websocket.sse.stream import PING, RESTART
from tests.docs.markdown import blocks, read, section
from tests.support.backend import ADMIN_PASSWORD, FakeMonitor, FakeRunner, cheap_passwords, make_settings
from tests.support.realtime import until
from tests.system.page_support import open_browser, open_page
from tests.system.test_nginx import Front

pytestmark = pytest.mark.system

TASK = "behind-nginx"
# The defaults (2 s, 15 s, and 90 s of nginx), all shorter by the same factor.
SWEEP_S, PING_S, PROXY_S = 0.1, 0.75, 4.5
PINGS = 8  # more than an open stream gets while nginx waits
(CLIENT,) = (
    block.body
    for block in blocks(section(read("docs/protocol.md"), "The same stream without a socket"))
    if block.language == "js"
)
FOLLOW = """([token, taskId]) => {
  window.seen = [];
  const show = (frame) => window.seen.push(frame.seq);
  %s
}"""
OPEN_ALONE = """async ([token, taskId]) => {
  const headers = { Authorization: `Bearer ${token}` };
  const { ticket } = await (await fetch("/api/v1/monitor/ws/ticket", { method: "POST", headers })).json();
  window.stream = new EventSource(`/api/v1/monitor/tasks/${taskId}/events?ticket=${ticket}`);
  await new Promise((resolve) => window.stream.addEventListener("task_snapshot", resolve));
}"""


class Backend:
    """The application with a running task, nginx before it, and a page of its origin in a browser."""

    def __init__(self, services, front, token, page):
        self.services, self.front, self.token, self.page = services, front, token, page

    @property
    def streams(self):
        return list(self.services.manager.streams)

    async def say(self, message):
        recorder = Recorder(task_id=TASK, attempt=1, run=1, clock=self.services.clock)
        event = NewEvent(TaskWarning(code="partial", message=message))
        return (await self.services.event_writer.write(recorder.record([event]))).last_seq

    async def until_page(self, condition):
        """Asked from here: the page's policy lets nothing evaluate a text inside it."""
        async with asyncio.timeout(60):
            while not await self.page.evaluate(condition):  # noqa: ASYNC110 - the page's state
                await asyncio.sleep(0.02)

    async def follow(self):
        """As the documents say it; the stream that came of it."""
        await self.page.evaluate(FOLLOW % CLIENT, [self.token, TASK])
        await self.until_page("window.seen.length > 0")
        (stream,) = self.streams
        return stream

    async def seen(self, seq):
        """What the page has seen once it has seen `seq`."""
        await self.until_page(f"window.seen.includes({seq})")
        return await self.page.evaluate("window.seen")


def impatient(front):
    path = front.folder / "conf.d" / "compliance.conf"
    text = path.read_text("utf-8")
    assert "proxy_read_timeout 90s;" in text
    path.write_text(text.replace("proxy_read_timeout 90s;", f"proxy_read_timeout {PROXY_S * 1_000:.0f}ms;"), "utf-8")
    return front


@asynccontextmanager
async def behind(front):
    with front.running():
        await front.answers()
        yield


@pytest.fixture
async def backend(tmp_path):
    settings = make_settings(
        tmp_path / "data", port=0, trusted_proxies=("127.0.0.1",), sweep_interval_s=SWEEP_S, sse_ping_after_s=PING_S
    )
    services = build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())
    async with asyncio.timeout(120), serve(settings, services=services) as (serving, _):
        token = (await services.auth.login("admin", ADMIN_PASSWORD)).access_token
        user = await services.auth.authenticate(token)
        lifecycle, event_writer = services.lifecycle, services.event_writer
        await event_writer.write(lifecycle.create(TASK, user_id=user.user_id, target_domain="x.example", config={}))
        await event_writer.write(lifecycle.claim(TASK, 1, "w", "x.example"))
        front = impatient(Front(tmp_path / "nginx", int(serving.url.rpartition(":")[2])))
        async with open_browser() as browser:
            async with behind(front):
                page = await open_page(browser, f"https://127.0.0.1:{front.port}/", ignore_https_errors=True)
            yield Backend(services, front, token, page)


async def test_a_quiet_stream_outlives_the_patience_of_the_proxy(backend):
    async with behind(backend.front):
        stream = await backend.follow()
        quiet_from = stream.sent_bytes
        await until(lambda: stream.ended or stream.sent_bytes >= quiet_from + PINGS * len(PING), timeout_s=60)
        assert stream.ended is None
        await backend.seen(await backend.say("after a long silence"))
        assert backend.streams == [stream]


async def test_an_event_source_that_comes_back_with_its_used_ticket_is_told_401_and_stops(backend):
    statuses = []
    backend.page.on("response", lambda answer: statuses.append(answer.status) if "/events?" in answer.url else None)
    async with behind(backend.front):
        await backend.page.evaluate(OPEN_ALONE, [backend.token, TASK])
        for stream in backend.streams:
            stream.end(RESTART)
        await backend.until_page("window.stream.readyState === EventSource.CLOSED")
    assert statuses == [200, 401]


async def test_the_client_of_the_documents_comes_back_with_a_new_ticket_and_misses_nothing(backend):
    async with behind(backend.front):
        await backend.follow()
        before = await backend.seen(await backend.say("before"))
    for number in range(20):
        last = await backend.say(f"meanwhile {number}")
    async with behind(backend.front):
        seen = await backend.seen(last)
    assert seen == [before[0], *range(before[0] + 1, last + 1)]
