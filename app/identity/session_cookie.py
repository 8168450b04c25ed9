"""The cookie that holds a page's refresh token, and who may make use of it.

A browser sends a cookie to every port of its host, so the cookie alone proves nothing: the page shows with each request
the key that its session was opened with. The key is in the storage of the page's origin, which no other origin can read
(ADR 0060).
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final

from fastapi import Depends, Header
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import Forbidden, Unauthenticated
from app.core.same_origin import origin_is_allowed

COOKIE: Final = "compliance-refresh"
# A browser takes such a name over https, for this host alone and all its paths (RFC 6265bis, section 4.1.3.2).
HOST_PREFIX: Final = "__Host-"
SECURE_PREFIX: Final = "__Secure-"  # of versions before the key
PAGE_HEADER: Final = "X-Compliance-Page"
NAME_DIGITS: Final = 12  # of the digest in the cookie's name: enough that no two pages of one host meet
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43,128}")  # 32 random bytes or more, in base64url


@dataclass(frozen=True, slots=True)
class OwnPage:
    """Our own page, as it has shown itself. `key_digest` (SHA-256, in hex) is all that the server keeps of its key."""

    key_digest: str


def require_own_page(
    request: Request,
    page: Annotated[
        str | None,
        Header(
            alias=PAGE_HEADER,
            description=(
                "Key of the page: 32 random bytes in base64url, generated and stored by the page. "
                "Only a page of the same origin can send it: neither a form nor a page of another "
                "origin can."
            ),
            examples=["k7Jc0Yw4s9mB2vT6xQ1eR8uN3aL5dF0gH7iK9oP2zXs"],
        ),
    ] = None,
) -> OwnPage:
    """Require the key of the page, for `Depends`: browsers send the cookie with the requests of other pages, too.

    `SameSite=Strict` alone would let pages of sibling names and of other ports through. Raises Forbidden:
    `origin_not_allowed`, or `page_outdated` for a page of a version that had no key.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")  # what browsers before 2023 do not say
    if not page or site != "same-origin" or not origin_is_allowed(request.headers):
        raise Forbidden(code="origin_not_allowed")
    if not _KEY.fullmatch(page):
        raise Forbidden(code="page_outdated")
    return OwnPage(sha256(page.encode()).hexdigest())


Page = Annotated[OwnPage, Depends(require_own_page)]


def read(request: Request, page: OwnPage) -> str | None:
    """Return the refresh token of the page's cookie, else of one that a version before the key has set.

    Raises Unauthenticated (`invalid_token`) when there are two cookies of the name: one of them is somebody else's.
    """
    token = _only(request, _name(request, page))
    return _only(request, _old_name(request)) if token is None else token


def put(request: Request, response: Response, page: OwnPage, token: str, *, expires_in: int) -> None:
    """Have the browser keep the token for so many seconds, over restarts."""
    _set(request, response, _name(request, page), token, expires_in)
    _drop_old(request, response)


def drop(request: Request, response: Response, page: OwnPage) -> None:
    """Have the browser forget it."""
    _set(request, response, _name(request, page), "", 0)
    _drop_old(request, response)


def _only(request: Request, name: str) -> str | None:
    """Return the value of the one cookie of this name; None: there is none."""
    pairs = (pair.partition("=") for line in request.headers.getlist("cookie") for pair in line.split(";"))
    values = [value.strip() for found, _, value in pairs if found.strip() == name]
    if len(values) > 1:
        raise Unauthenticated(code="invalid_token")
    return values[0] if values else None


def _set(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    """Without a path the cookie belongs to the folder of the route that sets it (RFC 6265, section 5.1.4), below
    whatever path a proxy serves the program; only the routes of `app/identity/routes/cookie_auth.py` lie there.
    """
    is_secure = _is_secure(request)
    path = "/" if name.startswith(HOST_PREFIX) else None
    response.set_cookie(name, value, max_age=max_age_s, path=path, secure=is_secure, httponly=True, samesite="strict")


def _drop_old(request: Request, response: Response) -> None:
    name = _old_name(request)
    if name in request.cookies:
        _set(request, response, name, "", 0)


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"  # a trusted proxy says so for those behind it


def _name(request: Request, page: OwnPage) -> str:
    """Return the cookie name of the page: two deployments on one host do not overwrite each other's cookie."""
    return f"{HOST_PREFIX if _is_secure(request) else ''}{COOKIE}-{page.key_digest[:NAME_DIGITS]}"


def _old_name(request: Request) -> str:
    return (SECURE_PREFIX if _is_secure(request) else "") + COOKIE
