"""One trace from a request to the sockets, and its id in log lines and refusals, whether spans are collected or not."""

import asyncio
import re
from contextlib import asynccontextmanager

import httpx
import pytest
from websockets.asyncio.client import connect

from app.compose.services import build_services
from app.core.tracing import configure_tracing, end_tracing
from app.server import serve
from tests.support.backend import ADMIN_PASSWORD, FakeMonitor, FakeRunner, cheap_passwords, make_settings
from tests.support.frames import read_frame, subscribe
from tests.support.logs import captured_log, records
from tests.support.realtime import until
from tests.support.span_receiver import ancestors, running_collector

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=1"}
HOSTILE = ["00-" + "0" * 32 + f"-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-x", "x" * 9_000, "%0d%0aSet-Cookie: a=b"]


class Site:
    def __init__(self, services, url, http, token):
        self.services, self.url, self.http, self.token = services, url, http, token

    def watch(self, **options):
        return connect(self.url.replace("http", "ws") + f"/api/v1/monitor/ws?token={self.token}", **options)

    async def order(self, headers=PARENT):
        answer = await self.http.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
        assert answer.status_code == 201
        return answer.json()["id"]


@asynccontextmanager
async def open_site(folder, **settings):
    settings = make_settings(folder, port=0, **settings)
    services = build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())
    async with (
        asyncio.timeout(60),
        serve(settings, services=services) as (serving, _),
        httpx.AsyncClient(base_url=serving.url, timeout=60) as http,
    ):
        signed_in = await http.post("/api/v1/auth/login", json={"username": "admin", "password": ADMIN_PASSWORD})
        token = signed_in.json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield Site(services, serving.url, http, token)


@pytest.fixture
def collector():
    with running_collector() as collector:
        configure_tracing(collector.url, process="server")
        try:
            yield collector
        finally:
            end_tracing()


async def test_a_refusal_has_the_client_s_trace_and_so_has_what_the_log_says_of_it(tmp_path):
    with captured_log("INFO") as log:
        async with open_site(tmp_path) as site:
            refused = await site.http.get("/api/v1/tasks/none", headers=PARENT)
            assert (refused.status_code, refused.json()["trace_id"]) == (404, TRACE)
            async with site.watch(additional_headers=PARENT) as link:
                await link.recv()
            await until(lambda: "ws_closed" in log.getvalue())
    said = records(log)
    assert all(re.fullmatch(r"[0-9a-f]{32}", line["trace_id"]) for line in said)
    assert {"ws_opened", "ws_closed"} <= {line["event"] for line in said if line["trace_id"] == TRACE}
    assert len({line["trace_id"] for line in said}) >= 2


async def test_without_one_or_with_a_bad_one_every_request_has_a_trace_of_its_own(tmp_path):
    async with open_site(tmp_path) as site:
        found = []
        for value in [None, None, *HOSTILE]:
            headers = {} if value is None else {"traceparent": value}
            answer = await site.http.get("/api/v1/tasks/none", headers=headers)
            assert answer.status_code == 404
            found.append(answer.json()["trace_id"])
        twice = await site.http.get("/api/v1/tasks/none", headers=[*PARENT.items(), *PARENT.items()])
        found.append(twice.json()["trace_id"])
    assert all(re.fullmatch(r"[0-9a-f]{32}", trace) for trace in found)
    assert len(set(found)) == len(found)
    assert TRACE not in found


async def test_a_request_is_one_trace_up_to_the_sockets_of_those_who_follow(tmp_path, collector):
    async with open_site(tmp_path) as site, site.watch() as link:
        await link.recv()
        task = await site.order(headers={})
        await subscribe(link, task)
        cancelled = await site.http.post(f"/api/v1/tasks/{task}/cancel", headers=PARENT)
        assert cancelled.status_code == 202
        while read_frame(await link.recv())["type"] != "task_completed":
            pass
    end_tracing()
    spans = collector.spans(TRACE)
    (top,) = [span for span in spans if span.parent_id == SPAN]
    assert (top.name, top.kind, top.service) == ("POST /api/v1/tasks/{task_id}/cancel", "server", "compliance-server")
    assert top.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/tasks/{task_id}/cancel",
        "http.response.status_code": 202,
    }
    paths = {tuple(ancestors(span, spans)) for span in spans}
    request = ("ScanService.cancel", top.name)
    assert ("database write", *request) in paths
    assert ("bus publish", *request) in paths
    assert ("deliver", "bus publish", *request) in paths
    assert ("socket write", "deliver", "bus publish", *request) in paths
    assert ("AuthService.authenticate", top.name) in paths
    written = [span for span in spans if span.name == "socket write"]
    assert {span.attributes["sockets"] for span in written} == {1}
    assert len(written) == 3  # task_cancelling, the line of the log and task_completed


async def test_what_the_sweep_delivers_belongs_to_the_trace_that_ordered_the_scan(tmp_path, collector):
    async with open_site(tmp_path, sweep_interval_s=0.1) as site:
        task = await site.order()
        site.services.event_writer._bus = Silent()
        async with site.watch() as link:
            await subscribe(link, task)
            await site.http.post(f"/api/v1/tasks/{task}/cancel")
            while read_frame(await link.recv())["type"] != "task_completed":
                pass
    end_tracing()
    spans = collector.spans(TRACE)
    paths = {tuple(ancestors(span, spans))[:3] for span in spans}
    assert ("database read", "sweep repair", "ScanService.create_once") in paths
    assert any(path[:2] == ("socket write", "sweep repair") for path in paths)


class Silent:
    """A bus that loses every hint."""

    def publish(self, hint):
        pass


async def test_commands_of_a_connection_belong_to_its_handshake(tmp_path, collector):
    async with open_site(tmp_path) as site:
        task = await site.order(headers={})
        async with site.watch(additional_headers=PARENT) as link:
            await subscribe(link, task)
    end_tracing()
    spans = collector.spans(TRACE)
    assert {"websocket connect", "websocket command", "AuthService.authenticate", "database read"} <= {
        span.name for span in spans
    }
    (command,) = [span for span in spans if span.name == "websocket command"]
    assert ancestors(command, spans) == ["websocket command", "websocket connect"]


async def test_an_address_that_there_is_not_is_no_name_of_a_span(tmp_path, collector):
    async with open_site(tmp_path) as site:
        await site.http.get("/api/v1/nothing/secret?token=secret", headers=PARENT)
    end_tracing()
    (span,) = [span for span in collector.spans(TRACE) if span.parent_id == SPAN]
    assert (span.name, span.attributes["http.response.status_code"]) == ("GET", 404)
    assert "secret" not in repr(collector.spans())
