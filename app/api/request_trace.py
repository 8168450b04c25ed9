"""The trace of a request: the client's own, or a new one. Spans of requests, when they are collected."""

from contextlib import AbstractContextManager

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import trace_context, tracing
from app.core.trace_context import TraceContext

FIRST_SERVER_ERROR = 500


async def trace_request(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Call the application within the request's trace."""
    context = _context_of(scope)
    if not tracing.is_on():
        with trace_context.entered(context):
            await app(scope, receive, send)
        return
    method = str(scope.get("method", ""))
    with tracing.span(method, parent=context, kind="server", **{"http.request.method": method}) as span:

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.note(**{"http.response.status_code": message["status"]})
                if message["status"] >= FIRST_SERVER_ERROR:
                    span.fail(str(message["status"]))
            await send(message)

        try:
            await app(scope, receive, send_and_note)
        finally:
            route = _template_of(scope)
            if route is not None:
                span.rename(f"{method} {route}")
                span.note(**{"http.route": route})


def trace_handshake(scope: Scope) -> AbstractContextManager[object]:
    """Enter the trace of a WebSocket, which all its commands belong to."""
    context = _context_of(scope)
    if not tracing.is_on():
        return trace_context.entered(context)
    return tracing.span("websocket connect", parent=context, kind="server")


def _template_of(scope: Scope) -> str | None:
    """Return the address as the documentation has it, never as it was asked for: that may hold anything.

    The route knows its own end of it; what stands before that has matched, and is ours.
    """
    route: str | None = getattr(scope.get("route"), "path", None)
    if route is None:
        return None
    return "/".join(scope["path"].split("/")[: -route.count("/")]) + route


def _context_of(scope: Scope) -> TraceContext | None:
    """Return the client's trace context, or a new one unless the collector's library creates it."""
    found = trace_context.read_headers(scope["headers"])
    return found if found is not None or tracing.is_on() else trace_context.new_context()
