"""Where the WebSocket is, and how it is opened."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

PATH: Final = "/api/v1/monitor/ws"
OPEN_TIMEOUT_S: Final = 15.0
CLOSE_TIMEOUT_S: Final = 2.0  # a server that does not finish the closing handshake keeps nobody waiting
MAX_FRAME_BYTES: Final = 1 << 25  # above the largest snapshot that a deployment may set


class Socket(Protocol):
    """What is used of `websockets`' connection."""

    async def send(self, message: str) -> None: ...

    async def recv(self) -> str | bytes: ...


Connect = Callable[[str], AbstractAsyncContextManager[Socket]]


def endpoint_of(url: str) -> str:
    """Return the WebSocket's address. Raises ValueError for what is neither http, https, ws nor wss with a host."""
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in ("http", "https", "ws", "wss"):
        raise ValueError(f"{url!r} is no address of a server, such as http://127.0.0.1:8000")
    if parts.scheme in ("ws", "wss"):
        return parts._replace(query="", fragment="").geturl()
    scheme = "wss" if parts.scheme == "https" else "ws"
    return parts._replace(scheme=scheme, path=parts.path.rstrip("/") + PATH, query="", fragment="").geturl()


def ticket_address_of(endpoint: str) -> str:
    """Return where tickets for a WebSocket (ws, wss) are given out (http, https)."""
    return f"http{endpoint.removeprefix('ws')}/ticket"


def open_socket(uri: str) -> AbstractAsyncContextManager[Socket]:
    """Open it straight to the server: a proxy from the environment would read along. Nothing is compressed."""
    return connect(
        uri,
        proxy=None,
        compression=None,
        open_timeout=OPEN_TIMEOUT_S,
        close_timeout=CLOSE_TIMEOUT_S,
        max_size=MAX_FRAME_BYTES,
    )
