"""Makes the FastAPI application. Nothing is opened before its lifespan begins."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypedDict

import orjson
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app.api.asyncapi import DOCUMENT, render_asyncapi
from app.api.docs import render_docs
from app.api.documents import Document
from app.api.errors import install_handlers
from app.api.middleware import Abandonment, BodyLimit, SecurityHeaders
from app.api.router import build_router
from app.core.config import Settings, load_settings
from app.core.logging import configure_logging
from app.core.private import keep_private
from app.websocket.contract import build_document
from app.websocket.session import websocket_endpoint
from app.wiring import Services, build_services

STATIC: Final = Path(__file__).parent / "static"
TITLE: Final = "Domain Compliance Scanner"
SOCKET_PATH: Final = "/api/v1/monitor/ws"
DISTRIBUTION: Final = "domain-compliance-scanner"

Announce = Callable[[str], None]


class State(TypedDict):
    """The lifespan state; routes reach it as `request.state`."""

    services: Services


class Application(FastAPI):
    """FastAPI with the shortest way to the real-time socket.

    What stands around the routes (headers, bodies, CORS, error answers, dependencies) is for HTTP: a WebSocket would
    only walk through it, at a quarter of what a connection costs. The route itself is FastAPI's too, for what reads it.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] == scope.get("root_path", "") + SOCKET_PATH:
            await websocket_endpoint(WebSocket(scope, receive, send))
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, services: Services | None = None, *, announce: Announce | None = None) -> FastAPI:
    """The application. Without `services` its lifespan builds, starts and stops them; given ones belong to the caller.

    `announce` gets the generated password of the first administrator, once.
    """

    @asynccontextmanager
    async def lifespan(_application: FastAPI) -> AsyncIterator[State]:
        if services is not None:
            yield {"services": services}
            return
        own = build_services(settings)
        generated = await own.start()
        try:
            if generated is not None:
                (announce or announce_password)(generated)
            yield {"services": own}
        finally:
            await own.stop()

    application = Application(
        title=TITLE,
        version=version(DISTRIBUTION),
        lifespan=lifespan,
        openapi_url=None,  # ours is rendered once
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    install_handlers(application)
    application.include_router(build_router())
    _add_pages(application)
    _add_middleware(application, settings)
    return application


def create_app_from_environment() -> FastAPI:
    """For ASGI servers that are started by hand (`main:app`). Raises ConfigurationError."""
    keep_private()
    settings = load_settings()
    configure_logging(settings.log_level)
    return create_app(settings)


def announce_password(password: str) -> None:
    """Says it on standard output, not in the log, which is kept."""
    sys.stdout.write(f"\nFirst start: sign in as admin with the password {password}\n(It is shown only this once.)\n\n")
    sys.stdout.flush()


def _add_pages(application: FastAPI) -> None:
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    version = application.version
    html, json = "text/html", "application/json"
    documents = {
        "/openapi.json": Document(lambda: orjson.dumps(application.openapi()), media_type=json),
        "/docs": Document(lambda: render_docs(application.openapi()), media_type=html),
        DOCUMENT: Document(lambda: orjson.dumps(build_document(version)), media_type=json),
        "/asyncapi": Document(lambda: render_asyncapi(build_document(version)), media_type=html),
    }
    for path, document in documents.items():
        application.add_route(path, document.answer, include_in_schema=False)
    application.add_api_route("/", page, include_in_schema=False, response_class=FileResponse)
    application.mount("/static", StaticFiles(directory=STATIC, check_dir=False))


def _add_middleware(application: FastAPI, settings: Settings) -> None:
    """The last added is the outermost."""
    application.add_middleware(Abandonment)
    application.add_middleware(
        BodyLimit, max_bytes=settings.max_body_bytes, max_auth_bytes=settings.max_auth_body_bytes
    )
    if settings.allowed_origins:
        application.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["Idempotency-Replayed", "Retry-After"],
        )
    application.add_middleware(SecurityHeaders)
