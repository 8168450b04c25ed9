"""Every error as RFC 9457 problem details with a stable `code`. Never a value that the client sent, never internals."""

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

from app.core.errors import ScannerError

MEDIA_TYPE: Final = "application/problem+json"
MAX_FIELDS: Final = 20  # problems listed of one request
MAX_FIELD_NAME: Final = 100  # characters; the name of an unknown key is the client's
# What the framework raises, by status. 400: a body that is no JSON text at all, or nested beyond reason.
CODES: Final = {
    400: ("bad_json", "The body is not valid JSON."),
    401: ("invalid_token", "A valid token is needed."),
    403: ("forbidden", "This is not allowed."),
    404: ("no_such_route", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not know that method."),
    406: ("not_acceptable", "There is no such format."),
    413: ("too_large", "The body is too large."),
    415: ("unsupported_media_type", "The body must be JSON."),
    426: ("upgrade_required", "This address speaks WebSocket only."),
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response of `application/problem+json` (`schemas.common.Problem`)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = list(errors)
    return Response(orjson.dumps(body), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def install_handlers(application: FastAPI) -> None:
    """From now on every error of the application is a problem."""
    application.add_exception_handler(ScannerError, _handle_ours)
    application.add_exception_handler(RequestValidationError, _handle_validation)
    application.add_exception_handler(HTTPException, _handle_framework)
    application.add_exception_handler(Exception, _handle_unexpected)


def problem_of(error: ScannerError) -> Response:
    """Our own error with its status, code and message."""
    headers: dict[str, str] = {}
    if error.retry_after_s is not None or error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(max(1, ceil(error.retry_after_s or 1)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and error.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return _internal()
    return problem(error.status, error.code, error.message, headers=headers)


async def _handle_ours(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, ScannerError)
    if isinstance(connection, WebSocket):
        raise error  # a socket's errors are its session's business
    return problem_of(error)


async def _handle_validation(_connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem(400, *CODES[400])
    fields = [_field_problem(item) for item in found[:MAX_FIELDS]]
    named = ", ".join(dict.fromkeys(field["field"] for field in fields))
    return problem(422, "invalid_input", f"These fields were not understood: {named}.", errors=fields)


def _field_problem(item: Mapping[str, Any]) -> dict[str, str]:
    """`item` also holds the value: that stays here."""
    name = ".".join(str(part) for part in item["loc"]).encode("ascii", "replace").decode()
    return {"field": name[:MAX_FIELD_NAME], "code": item["type"], "message": item["msg"]}


async def _handle_framework(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return Response(status_code=error.status_code, headers=error.headers)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = await _allowed_methods(connection) or headers.get("Allow", "GET")
    phrase = HTTPStatus(error.status_code).phrase
    code, detail = CODES.get(error.status_code, (phrase.lower().replace(" ", "_"), phrase))
    return problem(error.status_code, code, detail, headers=headers)


async def _allowed_methods(connection: HTTPConnection) -> str:
    """All methods of the address; the framework names only those of the first route that fits."""
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


async def _handle_unexpected(_connection: HTTPConnection, _error: Exception) -> Response:
    """The framework raises the error on after this answer, and the server logs it with its traceback."""
    return _internal()


def _internal() -> Response:
    return problem(500, "internal", "Something went wrong on our side.")
