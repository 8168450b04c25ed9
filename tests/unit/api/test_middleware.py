"""What stands around the routes: a bounded body, careful headers, and nothing done for a client that has gone."""

from types import SimpleNamespace

import pytest

from app.api.middleware import HEADERS, BodyLimit, DisconnectGuard, SecurityHeaders
from app.core.pending_write import CLIENT_DISCONNECTED, REQUEST_CLIENT
from app.core.reader import READER, current_reader, note_reader


class Ask:
    """One request through a middleware; remembers what was sent."""

    def __init__(self, *, path="/api/v1/tasks", method="POST", headers=(), body=b"", **scope) -> None:
        raw = [(name.encode(), value.encode()) for name, value in headers]
        services = SimpleNamespace(settings=SimpleNamespace(language="en"))
        about = {"type": "http", "path": path, "query_string": b"", "state": {"services": services}}
        self.scope = {**about, "method": method, "headers": raw, **scope}
        self._body = body
        self.sent = []

    async def receive(self):
        body, self._body = self._body, b""
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message):
        self.sent.append(message)

    async def through(self, middleware) -> "Ask":
        await middleware(self.scope, self.receive, self.send)
        return self

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}


async def answer(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"referrer-policy", b"origin")]})
    await send({"type": "http.response.body", "body": b""})


async def test_careful_headers_are_added_where_an_answer_has_none_of_its_own():
    asked = await Ask().through(SecurityHeaders(answer))
    assert asked.headers["referrer-policy"] == "origin"
    assert asked.headers["x-frame-options"] == HEADERS["X-Frame-Options"]
    assert asked.headers["cache-control"] == "no-store"
    page = await Ask(path="/static/app.js").through(SecurityHeaders(answer))
    assert page.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(("path", "length", "status"), [("/api/v1/tasks", 100, 200), ("/api/v1/tasks", 101, 413)])
async def test_an_announced_body_beyond_the_limit_is_refused(path, length, status):
    asked = Ask(path=path, headers=[("content-length", str(length))])
    await asked.through(BodyLimit(answer, max_bytes=100, max_auth_bytes=10))
    assert asked.sent[0]["status"] == status


async def test_who_signs_in_may_send_less():
    asked = Ask(path="/api/v1/auth/login", headers=[("content-length", "11")])
    await asked.through(BodyLimit(answer, max_bytes=100, max_auth_bytes=10))
    assert asked.sent[0]["status"] == 413


@pytest.mark.parametrize(("method", "is_gone"), [("GET", True), ("HEAD", False)])
async def test_a_read_knows_for_whom_it_is_and_whether_its_client_has_gone(method, is_gone):
    seen = []

    async def remember(_scope, _receive, _send):
        note_reader("mei")
        reader = current_reader()
        seen.append((reader.user_id, reader.is_gone))

    await Ask(method=method, **{CLIENT_DISCONNECTED: lambda: is_gone}).through(DisconnectGuard(remember))
    await Ask(method=method).through(DisconnectGuard(remember))  # of a transport that does not tell
    assert seen == [("mei", is_gone), ("mei", False)]
    assert READER.get() is None


@pytest.mark.parametrize(("method", "is_set"), [("POST", True), ("GET", False)])
async def test_a_write_knows_whether_its_client_has_gone(method, is_set):
    seen = []

    async def remember(_scope, _receive, _send):
        seen.append(REQUEST_CLIENT.get())

    await Ask(method=method, **{CLIENT_DISCONNECTED: lambda: True}).through(DisconnectGuard(remember))
    assert (seen[0] is not None) is is_set
    assert REQUEST_CLIENT.get() is None
