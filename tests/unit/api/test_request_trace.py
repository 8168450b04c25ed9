"""A request is carried out within its trace: the client's own, or a new one."""

import re

import pytest

from app.api.request_trace import trace_handshake, trace_request
from app.core import trace_context
from app.core.tracing import configure_tracing, end_tracing
from tests.support.span_receiver import running_collector

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())


class Route:
    path = "/things/{thing}"


class Answer:
    """An application that answers with a status, and remembers whose trace it was in."""

    def __init__(self, status=200, route=None):
        self.status, self.route = status, route
        self.traces = []

    async def __call__(self, scope, _receive, send):
        self.traces.append(trace_context.current().trace_id)
        if self.route is not None:
            scope["route"] = self.route
        await send({"type": "http.response.start", "status": self.status})


@pytest.fixture
def collector():
    with running_collector() as collector:
        configure_tracing(collector.url, process="server")
        try:
            yield collector
        finally:
            end_tracing()


async def ask(answer, *headers, path="/api/v1/things/4711"):
    async def nothing(*_message):
        pass

    scope = {"type": "http", "method": "GET", "path": path, "headers": list(headers)}
    await trace_request(answer, scope, nothing, nothing)


async def test_a_request_has_its_client_s_trace_or_one_of_its_own():
    answer = Answer()
    await ask(answer, PARENT)
    await ask(answer)
    await ask(answer, PARENT, PARENT)
    first, *others = answer.traces
    assert first == TRACE
    assert len({TRACE, *others}) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", trace) for trace in others)
    assert trace_context.given() is None


def test_a_handshake_has_its_trace_too():
    with trace_handshake({"headers": [PARENT]}):
        assert trace_context.current().trace_id == TRACE
    with trace_handshake({"headers": []}):
        assert trace_context.given() is not None


async def test_a_span_is_named_by_its_route_and_never_by_the_address(collector):
    await ask(Answer(route=Route()), PARENT)
    await ask(Answer(404), PARENT, path="/secret")
    await ask(Answer(503), PARENT, path="/secret")
    end_tracing()
    found = {span.attributes["http.response.status_code"]: span for span in collector.spans(TRACE)}
    assert found[200].name == "GET /api/v1/things/{thing}"
    assert found[200].attributes["http.route"] == "/api/v1/things/{thing}"
    assert (found[404].name, found[404].failed) == ("GET", False)
    assert (found[503].name, found[503].failed) == ("GET", True)
    assert "secret" not in repr(found)
