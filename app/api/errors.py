"""Every error as RFC 9457 problem details with a stable `code`, in the reader's language.

Never a value that the client sent, never internals. The texts are `error.*`, `field.*` and `status.*` of
`domain/locales`.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.websockets import WebSocket

from app.core import trace_context
from app.core.errors import InvalidInput, ScannerError
from app.core.field_faults import InvalidFields
from app.domain.field_problem import describe_field_problem
from app.domain.messages import Language, MessageCatalog
from app.rest.language import language_of

MEDIA_TYPE: Final = "application/problem+json"
MAX_FIELDS: Final = 20  # problems listed of one request
MAX_FIELD_NAME: Final = 100  # characters; the name of an unknown key is the client's
# What the framework raises, by status. 400: a body that is no JSON text at all, or nested beyond reason.
CODES: Final = {
    400: "bad_json",
    401: "invalid_token",
    403: "forbidden",
    404: "no_such_route",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    426: "upgrade_required",
}


def problem(
    language: Language,
    status: int,
    code: str,
    *,
    detail: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response of `application/problem+json` (`rest.schemas.Problem`). `detail`: else the text of the code."""
    texts = MessageCatalog(language)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": texts(f"status.{status}"),
        "status": status,
        "detail": detail or texts(f"error.{code}"),
        "code": code,
        "trace_id": trace_context.current().trace_id,
    }
    if errors:
        body["errors"] = list(errors)
    headers = {"Content-Language": language.value, **(headers or {})}
    return Response(orjson.dumps(body), status, headers=headers, media_type=MEDIA_TYPE)


def install_handlers(application: FastAPI) -> None:
    """Make every error of the application a problem."""
    application.add_exception_handler(ScannerError, _handle_ours)
    application.add_exception_handler(RequestValidationError, _handle_validation)
    application.add_exception_handler(HTTPException, _handle_framework)
    application.add_exception_handler(Exception, _handle_unexpected)


def problem_of(error: ScannerError, language: Language) -> Response:
    """Return our own error with its status, code and text."""
    headers: dict[str, str] = {}
    if error.retry_after_s is not None or error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(max(1, ceil(error.retry_after_s or 1)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.code == "insufficient_scope":  # RFC 6750, section 3.1
        scope = f', scope="{error.params["scope"]}"' if "scope" in error.params else ""
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope"{scope}'
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and error.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return problem(language, 500, ScannerError.code)
    return problem(language, error.status, error.code, detail=error.text_in(language), headers=headers)


async def _handle_ours(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, ScannerError)
    if isinstance(connection, WebSocket):
        raise error  # a socket's errors are its session's business
    if isinstance(error, InvalidFields):
        return _refused_fields(error, language_of(connection))
    return problem_of(error, language_of(connection))


def _refused_fields(error: InvalidFields, language: Language) -> Response:
    texts = MessageCatalog(language)
    fields = [
        {"field": fault.name, "code": fault.code, "message": describe_field_problem(fault.code, fault.values, texts)}
        for fault in error.faults[:MAX_FIELDS]
    ]
    return problem(language, error.status, error.code, detail=error.text_in(language), errors=fields)


async def _handle_validation(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    language, found = language_of(connection), error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem(language, 400, CODES[400])
    fields = [_field_problem(item, MessageCatalog(language)) for item in found[:MAX_FIELDS]]
    named = MessageCatalog(language).join_terms(dict.fromkeys(field["field"] for field in fields))
    detail = InvalidInput(text="invalid_fields", fields=named).text_in(language)
    return problem(language, 422, InvalidInput.code, detail=detail, errors=fields)


def _field_problem(item: Mapping[str, Any], texts: MessageCatalog) -> dict[str, str]:
    """`item` also holds the value: that stays here."""
    name = ".".join(str(part) for part in item["loc"]).encode("ascii", "replace").decode()
    message = describe_field_problem(item["type"], item.get("ctx", {}), texts)
    return {"field": name[:MAX_FIELD_NAME], "code": item["type"], "message": message}


async def _handle_framework(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return Response(status_code=error.status_code, headers=error.headers)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = await _allowed_methods(connection) or headers.get("Allow", "GET")
    return problem(language_of(connection), error.status_code, CODES[error.status_code], headers=headers)


async def _allowed_methods(connection: HTTPConnection) -> str:
    """Return all methods of the URL; the framework names only those of the first matching route."""
    application: FastAPI = connection.app
    if not hasattr(application.state, "methods_by_path"):
        application.state.methods_by_path = await asyncio.to_thread(_methods_by_path, application)
    path = connection.url.path
    methods = set().union(*(names for pattern, names in application.state.methods_by_path if pattern.match(path)))
    return ", ".join(sorted(methods))


def _methods_by_path(application: FastAPI) -> list[tuple[re.Pattern[str], set[str]]]:
    """Takes a tenth of a second, once."""
    return [
        (compile_path(template)[0], {method.upper() for method in operations})
        for template, operations in application.openapi()["paths"].items()
    ]


async def _handle_unexpected(connection: HTTPConnection, _error: Exception) -> Response:
    """Return the response for an unexpected error; the framework raises it again, and the server logs its traceback."""
    return problem(language_of(connection), 500, ScannerError.code)
