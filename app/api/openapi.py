"""The description of the interface, made of the routes and completed by what all routes share.

FastAPI knows parameters and bodies. Added here: the introduction, the problems that each operation may answer with, as
they are sent, and the examples of models that hold other models.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from app.api.errors import MEDIA_TYPE
from app.api.schema_examples import add_examples
from app.core.scopes import GROUP_ROUTES, REVIEWER_ROUTES, SCOPE_OF_ROUTE, SESSION, VIEWER_ROUTES
from app.domain.messages import FOREIGN_LANGUAGE, Language, MessageCatalog
from app.rest.documented_responses import CODES, codes_of
from app.rest.schemas import A_TRACE, Problem

Json = dict[str, Any]

LOCALES: Final = Path(__file__).parent / "locales"
# In English, as all that `app.api.document_language` translates.
TAGS: Final = [
    {"name": "auth", "description": "Sign-in and sign-out, and the user's own account."},
    {"name": "tasks", "description": "Scans: create, list, get, cancel, retry, delete."},
    {"name": "orders", "description": "Orders: scan many domains at once, view the results, cancel."},
    {
        "name": "sites",
        "description": "Sites: domains that are scanned repeatedly, their schedules and their scans.",
    },
    {"name": "notifications", "description": "Notifications: the feed, rules, channels and deliveries."},
    {"name": "overview", "description": "Overview of all scans, and search."},
    {"name": "monitor", "description": "Live monitoring of tasks: state, log, events, tickets and connections."},
    {"name": "results", "description": "Results of a scan, as lists and as a report."},
    {"name": "evidence", "description": "Findings with all their evidence."},
    {"name": "admin", "description": "Users and workers, for administrators."},
    {"name": "health", "description": "For probes and scrapers. Additional query parameters are ignored."},
]
INTERFACE: Final = "/api/"  # below it every address is as strict; the others are for probes
KEY_GROUP: Final = "x-key-group"  # of an operation: a key that is for one group of sites opens it as well
FOR_VIEWERS: Final = "x-viewer"  # of an operation: a user with the role `viewer` may use it
FOR_REVIEWERS: Final = "x-reviewer"
KEY_SCOPE: Final = "x-key-scope"  # of an operation: the scope of an API key that opens it, `session` or `public`
SCHEMAS: Final = "#/components/schemas/"
OF_THE_FRAMEWORK: Final = ("HTTPValidationError", "ValidationError")  # a problem stands in their place
# What any operation may answer, and what those with a token, with a body or with an id in their address may.
ANY: Final = {422: ["invalid_input"], 500: ["internal"], 503: ["database_unavailable", "database_damaged"]}
WITH_TOKEN: Final = {401: ["missing_token", "invalid_token", "expired_token", "user_disabled"]}
# What those may refuse (403) that an API key does not open, or only with a scope.
WITH_SCOPE: Final = ["insufficient_scope"]
WITH_SESSION: Final = ["session_required", "insufficient_scope"]
WITH_BODY: Final = {400: ["bad_json"], 413: ["too_large"], 415: ["unsupported_media_type"]}
WITH_ID: Final = {404: ["not_found"]}
# How an event stream is opened where no header can be sent.
IN_ADDRESSES: Final = {
    "ticket": {"type": "apiKey", "in": "query", "name": "ticket", "description": "A one-time ticket."},
    "token": {"type": "apiKey", "in": "query", "name": "token", "description": "The access token."},
}
# In the texts of examples.
VALUES: Final = {
    "limit": 20,
    "scope": "scan",
    "domain": "example.com",
    "fields": "query.colour",
    "levels": "INFO, WARNING, ERROR",
}


def complete(document: Json, language: Language) -> Json:
    """Return FastAPI's document with all that is said above; what is made of texts is in that language."""
    document["info"]["description"] = introduction(language)
    document["tags"] = TAGS
    document["components"]["securitySchemes"] |= IN_ADDRESSES
    schemas = document["components"]["schemas"]
    for name in OF_THE_FRAMEWORK:
        schemas.pop(name, None)
    model = Problem.model_json_schema(ref_template=SCHEMAS + "{model}", mode="validation")
    schemas |= {**model.pop("$defs"), Problem.__name__: model}
    for path, operation in _operations(document):
        _complete_operation(path, operation, MessageCatalog(language))
    add_examples(schemas)
    return document


def introduction(language: Language) -> str:
    """Return the words in Markdown; in English where there are none in that language."""
    path = LOCALES / f"introduction.{language}.md"
    return (path if path.exists() else LOCALES / f"introduction.{FOREIGN_LANGUAGE}.md").read_text(encoding="utf-8")


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _complete_operation(path: str, operation: Json, texts: MessageCatalog) -> None:
    if any(parameter["name"] == "ticket" for parameter in operation.get("parameters", ())):
        operation["security"] += [{"ticket": []}, {"token": []}]
    operation[KEY_SCOPE] = SCOPE_OF_ROUTE[operation["operationId"]]
    if operation["operationId"] in GROUP_ROUTES:
        operation[KEY_GROUP] = True
    if operation["operationId"] in VIEWER_ROUTES:
        operation[FOR_VIEWERS] = True
    if operation["operationId"] in REVIEWER_ROUTES:
        operation[FOR_REVIEWERS] = True
    responses = operation["responses"]
    responses.pop("422", None)
    refusals = {int(status): codes_of(response) for status, response in responses.items() if CODES in response}
    for status, codes in _shared(path, operation).items():
        refusals[status] = [*refusals.get(status, []), *codes]
    for status in sorted(refusals):
        responses[str(status)] = problem_response(status, list(dict.fromkeys(refusals[status])), texts)


def _shared(path: str, operation: Json) -> Mapping[int, list[str]]:
    """Return what the operation may answer because of what it is."""
    of_scope = WITH_SESSION if operation[KEY_SCOPE] == SESSION else WITH_SCOPE
    read_only = [] if FOR_VIEWERS in operation else ["read_only"]
    return {
        **(ANY if path.startswith(INTERFACE) else {}),
        **(WITH_TOKEN | {403: of_scope + read_only} if "security" in operation else {}),
        **(WITH_BODY if "requestBody" in operation else {}),
        **(WITH_ID if "{" in path else {}),
    }


def problem_response(status: int, codes: list[str], texts: MessageCatalog) -> Json:
    """Return the response object of a status, with an example of each code."""
    named = texts.join_terms(f"`{code}`" for code in codes)
    examples = {code: {"value": _example(status, code, texts)} for code in codes}
    return {
        "description": str(texts("labelled", what=texts(f"status.{status}"), text=named)),
        "headers": _headers(status, texts.language),
        "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMAS + Problem.__name__}, "examples": examples}},
        CODES: codes,
    }


def _example(status: int, code: str, texts: MessageCatalog) -> Json:
    detail = texts(f"error.{code}", **VALUES, fault=texts("model_fault.checksum"))
    return {
        "type": "about:blank",
        "title": str(texts(f"status.{status}")),
        "status": status,
        "detail": str(detail),
        "code": code,
        "trace_id": A_TRACE,
    }


def _headers(status: int, language: Language) -> Json:
    said = {"Content-Language": ("Language of the texts.", language.value)}
    if status == HTTPStatus.UNAUTHORIZED:
        said["WWW-Authenticate"] = ("How to authenticate.", "Bearer")
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        said["Retry-After"] = ("Seconds after which to retry, if known.", "1")
    return {
        name: {"description": text, "schema": {"type": "string", "examples": [example]}}
        for name, (text, example) in said.items()
    }
