"""Requests that the server no longer waits for when it ends."""

import asyncio
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)


class Cycle(Protocol):
    """One request and its answer."""

    disconnected: bool  # the client has gone, or was cut off


async def answer_unless_cut(app: Any, cycle: Cycle, scope: Any, receive: Any, send: Any) -> Any:
    """Call the application, and end without an error where it is cancelled after its client was cut off.

    Nobody is to hear of that, and uvicorn would log a traceback.
    """
    try:
        return await app(scope, receive, send)
    except asyncio.CancelledError:
        if not cycle.disconnected:
            raise
        log.info("request_cut_off")
