from dataclasses import dataclass
from types import SimpleNamespace

import orjson
import pytest
from starlette.websockets import WebSocket

from app.core.dependencies import client_address, get_current_user_websocket
from app.core.errors import Unauthenticated, Unavailable
from app.core.principal import Principal
from app.domain.messages import Language
from tests.support.backend import HandClock

MEI = Principal("u1", "mei", "user", "s1", HandClock().now())


class Door:
    async def authenticate(self, token):
        match token:
            case None:
                raise Unauthenticated("A token is needed.", code="missing_token")
            case "busy":
                raise Unavailable("busy")
            case "good":
                return MEI
        raise Unauthenticated("The token has expired.", code="expired_token")

    async def ended(self, identities):
        return {}


@dataclass
class Socket:
    websocket: WebSocket
    sent: list[dict]


def open_socket(query: str) -> Socket:
    sent: list[dict] = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(dict(message))

    settings = SimpleNamespace(language=Language.EN)
    scope = {
        "type": "websocket",
        "path": "/api/v1/monitor/ws",
        "query_string": query.encode(),
        "headers": [],
        "client": ("2001:db8::1", 5),
        "state": {"services": SimpleNamespace(auth=Door(), clock=HandClock(), settings=settings)},
    }
    return Socket(WebSocket(scope, receive, send), sent)


async def test_a_good_token_leaves_the_socket_untouched():
    socket = open_socket("token=good")
    assert await get_current_user_websocket(socket.websocket) == MEI
    assert socket.sent == []
    assert client_address(socket.websocket) == "2001:db8::1"


@pytest.mark.parametrize(("query", "code"), [("", "missing_token"), ("token=old", "expired_token")])
async def test_a_refusal_is_accepted_told_and_closed(query, code):
    socket = open_socket(query)
    with pytest.raises(Unauthenticated):
        await get_current_user_websocket(socket.websocket)
    accept, frame, close = socket.sent
    assert accept["type"] == "websocket.accept"
    error = orjson.loads(frame["text"])
    assert (error["type"], error["code"], error["fatal"]) == ("error", code, True)
    assert error["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert (close["code"], close["reason"]) == (1008, code)


@pytest.mark.parametrize(
    ("lang", "language"), [("", Language.EN), ("&lang=zh-CN", Language.ZH_CN), ("&lang=zh", Language.ZH_CN)]
)
async def test_a_refusal_is_told_in_the_readers_language(lang, language):
    socket = open_socket(f"token=old{lang}")
    with pytest.raises(Unauthenticated) as refused:
        await get_current_user_websocket(socket.websocket)
    assert orjson.loads(socket.sent[1]["text"])["message"] == refused.value.text_in(language)


async def test_a_busy_database_refuses_nobody():
    socket = open_socket("token=busy")
    with pytest.raises(Unavailable):
        await get_current_user_websocket(socket.websocket)
    assert socket.sent == []
