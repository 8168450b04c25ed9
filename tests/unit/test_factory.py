"""The shortest way to the socket leaves out only what is not for WebSockets."""

import pytest
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match

from app.api.compression import JsonCompression
from app.api.middleware import BodyLimit, DisconnectGuard, SecurityHeaders
from app.api.request_turns import RequestTurns
from app.api.router import build_router
from app.core.config import Settings
from app.factory import SOCKET_PATH, create_app


@pytest.fixture
def application(tmp_path):
    return create_app(Settings(data_dir=tmp_path, allowed_origins="https://a.example"))


def scope(path, **more):
    return {"type": "websocket", "path": path, "root_path": "", "headers": [], "query_string": b"", **more}


async def walk(application, asked):
    """What the application asks of, and says to, a socket that is gone after its request."""
    said, heard = [], [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}]

    async def receive():
        return heard.pop(0)

    async def send(message):
        said.append(message)

    await application({**asked, "extensions": {"websocket.http.response": {}}}, receive, send)
    return said


def test_only_middleware_that_does_nothing_for_websockets_is_passed_by(application):
    """Whoever adds one has to look whether the socket needs it (`Application`)."""
    found = {middleware.cls for middleware in application.user_middleware}
    assert found == {DisconnectGuard, BodyLimit, CORSMiddleware, JsonCompression, SecurityHeaders, RequestTurns}
    assert not application.dependency_overrides
    assert not application.router.dependencies


def test_the_socket_is_where_the_routes_have_it(application):
    matches = [route.matches(scope(SOCKET_PATH))[0] for route in application.routes]
    assert Match.FULL in matches


@pytest.mark.parametrize("root_path", ["", "/under"])
async def test_the_shortest_way_begins_at_that_path_alone(application, root_path, monkeypatch):
    came = []

    async def endpoint(websocket):
        came.append(websocket.scope["path"])

    monkeypatch.setattr("app.factory.websocket_endpoint", endpoint)
    await walk(application, scope(root_path + SOCKET_PATH, root_path=root_path))
    assert came == [root_path + SOCKET_PATH]
    for path in ("/api/v1/monitor/ws/", "/api/v1/monitor/ws/stats", "/", "/api/v1/tasks", "/API/v1/monitor/ws"):
        said = await walk(application, scope(root_path + path, root_path=root_path))
        assert said[0]["type"] in ("websocket.close", "websocket.http.response.start")
    assert len(came) == 1


def test_two_applications_of_one_process_share_the_routes_that_were_worked_out_once(application, tmp_path):
    other = create_app(Settings(data_dir=tmp_path / "other"))
    shared = [route for route in application.routes if route in build_router().routes]
    assert shared == build_router().routes == [route for route in other.routes if route in shared]
    assert application.user_middleware != other.user_middleware  # each keeps to its own settings
