"""The port on which a worker shows its numbers: `/metrics` and `/livez`, and nothing else.

It is as hard to hold up as a server's port: the same protocol with the same limits, in a thread of its own.
"""

import socket
import threading
from typing import Final

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.core.config import Settings
from app.core.dependencies import has_metrics_token
from app.core.errors import ConfigurationError
from app.core.system_errors import reason_of
from app.core.worker_metrics import WorkerMetrics
from app.transport.http import make_http_protocol
from app.transport.http_limits import HttpConnectionLimits

END_S: Final = 5.0
log = structlog.get_logger(__name__)


class MetricsServer:
    """Blocking; `start` and `stop` once. Without a port in the settings both do nothing."""

    def __init__(self, settings: Settings, metrics: WorkerMetrics) -> None:
        """Raises ConfigurationError: numbers are for those alone who have the token."""
        if settings.worker_metrics_port is not None and settings.metrics_token is None:
            raise ConfigurationError(text="metrics_token_missing")
        self._settings = settings
        self._metrics = metrics
        self._server: uvicorn.Server | None = None  # while it runs
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Raises ConfigurationError: the port is taken, or cannot be used."""
        host, port = self._settings.host, self._settings.worker_metrics_port
        if port is None:
            return
        try:
            listener = socket.create_server((host, port))
        except OSError as error:
            raise ConfigurationError(
                text="metrics_port_not_usable", host=host, port=port, reason=reason_of(error)
            ) from error
        limits = HttpConnectionLimits(settings=self._settings, metrics=self._metrics)
        config = uvicorn.Config(
            self._answer,
            http=make_http_protocol(limits),
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=self._settings.http_keep_alive_s,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="metrics", daemon=True
        )
        self._thread.start()
        log.info("metrics_served", host=host, port=listener.getsockname()[1])

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(END_S)
            self._server = self._thread = None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._response_to(Request(scope))(scope, receive, send)

    def _response_to(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(status_code=405, headers={"Allow": "GET"})
        match request.url.path:
            case "/livez":
                return JSONResponse({"status": "ok"})
            case "/metrics" if has_metrics_token(request, self._settings):
                return Response(generate_latest(self._metrics.registry), media_type=CONTENT_TYPE_LATEST)
            case "/metrics":
                return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return Response(status_code=404)
