"""An echo application on our protocol class: what the conformance suite talks to."""

from typing import Any

import uvicorn

from app.transport.websocket import WebSocketProtocol

LARGEST_MESSAGE = 64 << 20  # the suite sends 16 MiB


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Everything that comes goes back as it came."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})


def build_config() -> uvicorn.Config:
    """As `app.server` runs the real application, but for the size of a message."""
    return uvicorn.Config(
        echo,
        http="httptools",
        ws=WebSocketProtocol,
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=None,
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
