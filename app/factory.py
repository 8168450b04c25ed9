"""Makes the FastAPI application. Nothing is opened before its lifespan begins."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypedDict

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app.api.built_page import add_page
from app.api.compression import JsonCompression
from app.api.document_language import translate
from app.api.documents import CachedDocument, TranslatedDocument
from app.api.errors import install_handlers
from app.api.middleware import BodyLimit, DisconnectGuard, SecurityHeaders
from app.api.openapi import complete
from app.api.request_trace import trace_handshake, trace_request
from app.api.request_turns import RequestTurns
from app.api.router import build_router
from app.compose.services import Services, build_services
from app.core.config import Settings, load_settings
from app.core.deployment import require_packages
from app.core.file_permissions import set_private_umask
from app.core.logging import configure_logging
from app.core.program import program_version
from app.core.tracing import configure_tracing
from app.domain.messages import FOREIGN_LANGUAGE, Language, MessageCatalog
from app.identity.auth import FIRST_ADMIN
from app.maintenance.start_wait import await_database
from app.websocket.asyncapi.document import build_document
from app.websocket.session import websocket_endpoint

STATIC: Final = Path(__file__).parent / "static"
BUILT: Final = Path(__file__).parent / "web"  # what `make frontend` makes
TITLE: Final = "Domain Compliance Scanner"
SOCKET_PATH: Final = "/api/v1/monitor/ws"

Announce = Callable[[str], None]


class State(TypedDict):
    """The lifespan state; routes reach it as `request.state`."""

    services: Services


class Application(FastAPI):
    """FastAPI with the shortest way to the real-time socket.

    What stands around the routes (headers, bodies, CORS, error answers, dependencies) is for HTTP: a WebSocket would
    only walk through it, at a quarter of what a connection costs. The route itself is FastAPI's too, for what reads it.
    """

    def openapi(self) -> dict[str, Any]:
        """Return the description of the interface. It takes a tenth of a second, once."""
        if self.openapi_schema is None:
            self.openapi_schema = self.describe(FOREIGN_LANGUAGE)
        return self.openapi_schema

    def describe(self, language: Language) -> dict[str, Any]:
        """Return a new description in that language."""
        described = get_openapi(
            title=self.title,
            version=self.version,
            routes=self.routes,
            separate_input_output_schemas=self.separate_input_output_schemas,
        )
        return translate(complete(described, language), language)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == scope.get("root_path", "") + SOCKET_PATH:
            with trace_handshake(scope):
                await websocket_endpoint(WebSocket(scope, receive, send))
        else:
            await trace_request(super().__call__, scope, receive, send)


def create_app(settings: Settings, services: Services | None = None, *, announce: Announce | None = None) -> FastAPI:
    """The application. Without `services` its lifespan builds, starts and stops them; given ones belong to the caller.

    `announce` gets the generated password of the first administrator, once.
    """

    @asynccontextmanager
    async def lifespan(_application: FastAPI) -> AsyncIterator[State]:
        if services is not None:
            yield {"services": services}
            return
        await await_database(settings)
        own = build_services(settings)
        generated = await own.start()
        try:
            if generated is not None:
                (announce or partial(announce_password, language=settings.language))(generated)
            yield {"services": own}
        finally:
            await own.stop()

    application = Application(
        title=TITLE,
        version=program_version(),
        lifespan=lifespan,
        openapi_url=None,  # ours is rendered once
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,  # one schema for each model, with what may be left out
    )
    install_handlers(application)
    application.router.routes.extend(build_router().routes)
    _add_pages(application)
    _add_middleware(application, settings)
    return application


def create_app_from_environment() -> FastAPI:
    """For ASGI servers that are started by hand (`main:app`). Raises ConfigurationError."""
    set_private_umask()
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    require_packages(settings)
    configure_tracing(settings.traces_url, process="server")
    return create_app(settings)


def announce_password(password: str, language: Language) -> None:
    """Says it on standard output, not in the log, which is kept."""
    texts = MessageCatalog(language)
    sys.stdout.write(f"\n{texts('first_start', name=FIRST_ADMIN, password=password)}\n\n")
    sys.stdout.flush()


def _add_pages(application: Application) -> None:
    version = application.version
    documents: dict[str, CachedDocument | TranslatedDocument] = {
        "/openapi.json": TranslatedDocument(lambda language: orjson.dumps(application.describe(language))),
        "/asyncapi.json": TranslatedDocument(
            lambda language: orjson.dumps(translate(build_document(version), language))
        ),
        "/asyncapi": CachedDocument((STATIC / "asyncapi.html").read_bytes, media_type="text/html"),
    }
    for path, document in documents.items():
        application.add_route(path, document.answer, include_in_schema=False)
    application.mount("/static", StaticFiles(directory=STATIC, check_dir=False))
    add_page(application, BUILT, unbuilt=STATIC / "unbuilt")


def _add_middleware(application: FastAPI, settings: Settings) -> None:
    """The last added is the outermost."""
    application.add_middleware(DisconnectGuard)
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
    application.add_middleware(JsonCompression)
    application.add_middleware(RequestTurns, max_body_bytes=settings.max_body_bytes)
    application.add_middleware(SecurityHeaders)
