"""The cookie that holds a page's refresh token, and who may make use of it.

It names no path, so it is bound to the folder of the route that sets it (RFC 6265, section 5.1.4), below whatever path
a proxy serves the program; only the routes of `app/api/v1/cookie_auth.py` lie there.
"""

from typing import Annotated, Final

from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import Forbidden
from app.core.same_origin import origin_is_allowed

COOKIE: Final = "compliance-refresh"
SECURE_PREFIX: Final = "__Secure-"  # a browser takes such a name over https alone: nobody on the way can set it
PAGE_HEADER: Final = "X-Compliance-Page"


def require_own_page(
    request: Request,
    page: Annotated[
        str | None,
        Header(
            alias=PAGE_HEADER,
            description="Anything, such as `1`. Only a page of this very origin can send it: neither a form nor a page "
            "of another origin can.",
            examples=["1"],
        ),
    ] = None,
) -> None:
    """For `Depends`: a cookie comes along with whatever makes the browser ask, so who asks must show it.

    `SameSite=Strict` alone would let pages of sibling names through. Raises Forbidden (`origin_not_allowed`).
    """
    site = request.headers.get("sec-fetch-site", "same-origin")  # what browsers before 2023 do not say
    if not page or site != "same-origin" or not origin_is_allowed(request.headers):
        raise Forbidden(code="origin_not_allowed")


def read(request: Request) -> str | None:
    """Return the refresh token of the request's cookie."""
    return request.cookies.get(_name(request))


def put(request: Request, response: Response, token: str, *, expires_in: int) -> None:
    """Have the browser keep the token for so many seconds, over restarts."""
    _set(request, response, token, expires_in)


def drop(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    _set(request, response, "", 0)


def _set(request: Request, response: Response, value: str, max_age_s: int) -> None:
    is_secure = request.url.scheme == "https"  # a trusted proxy says so for those behind it
    response.set_cookie(
        _name(request), value, max_age=max_age_s, path=None, secure=is_secure, httponly=True, samesite="strict"
    )


def _name(request: Request) -> str:
    return (SECURE_PREFIX if request.url.scheme == "https" else "") + COOKIE
