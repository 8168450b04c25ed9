"""What a request must not be, whatever its route: one dependency of the whole interface.

A parameter that no route knows is refused, because who mistypes a filter would take everything for the filtered; a body
of another type than JSON is refused as such, because its fields would only be said to be missing.
"""

from typing import Final

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.rest.language import PARAMETER

MAX_UNKNOWN: Final = 20  # parameters that are named in a refusal


async def refuse_misunderstandings(request: Request) -> None:
    """Refuse unknown parameters (RequestValidationError) and other body types (HTTPException, 415), for `Depends`."""
    route = request.scope["route"]
    if request.query_params and (unknown := request.query_params.keys() - known_parameters(route)):
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name)} for name in sorted(unknown)[:MAX_UNKNOWN]]
        )
    # The framework has read the body of such a route by now: it is kept, and not read twice.
    if route.body_field is not None and await request.body() and not is_json(request.headers.get("content-type", "")):
        raise HTTPException(415)


def known_parameters(route: APIRoute) -> frozenset[str]:
    """Return the names of the route's query parameters, those of what it depends on included."""
    return frozenset({PARAMETER, *_names(route.dependant)})


def _names(dependant: Dependant) -> set[str]:
    own = {parameter.alias for parameter in dependant.query_params}
    return own.union(*map(_names, dependant.dependencies))


def is_json(content_type: str) -> bool:
    """Tell `application/json` and what is built on it (RFC 6839, section 3.1) from all other types."""
    media_type = content_type.partition(";")[0].strip().lower()
    kind, _, subtype = media_type.partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))
