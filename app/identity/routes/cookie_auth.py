"""Signing in and out for a page: its refresh token is in a cookie that no script sees, bound to the key of the page."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from app.core.errors import Forbidden, LimitReached, Unauthenticated
from app.identity import session_cookie
from app.identity.browser_sessions import BrowserSession, BrowserSessions
from app.identity.demo_visitor import DemoVisitor
from app.identity.dependencies import ServicesDep
from app.identity.schemas.auth import LoginRequest, PageSession
from app.identity.session_cookie import OwnPage, Page, require_own_page
from app.rest.documented_responses import refused
from app.rest.parameters import Address, Agent

# What a proxy says of whom it asks for: behind one nobody is on this machine for sure.
FORWARDED: Final = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})

router = APIRouter(
    prefix="/auth/cookie",
    tags=["auth"],
    dependencies=[Depends(require_own_page)],
    responses=refused(Forbidden, "origin_not_allowed", "page_outdated"),
)


def get_sessions(services: ServicesDep) -> BrowserSessions:
    return BrowserSessions(services.auth)


Sessions = Annotated[BrowserSessions, Depends(get_sessions)]


@router.post(
    "/login",
    name="cookie_login",
    summary="Sign in the web page: the refresh token is set as a cookie that scripts cannot read",
    responses=refused(Unauthenticated, "invalid_credentials", "user_disabled") | refused(LimitReached),
)
async def login(
    body: LoginRequest,
    page: Page,
    sessions: Sessions,
    address: Address,
    agent: Agent,
    request: Request,
    response: Response,
) -> PageSession:
    session = await sessions.open(body.username, body.password, page_key=page.key_digest, address=address, agent=agent)
    return _keep(session, page, request, response)


@router.post(
    "/refresh",
    name="cookie_refresh",
    summary="Get a new access token for the cookie, which is replaced",
    responses=refused(Unauthenticated, "missing_token", "invalid_token", "expired_token", "user_disabled")
    | refused(LimitReached),
)
async def refresh(
    services: ServicesDep,
    page: Page,
    sessions: Sessions,
    address: Address,
    agent: Agent,
    request: Request,
    response: Response,
) -> PageSession:
    try:
        token = session_cookie.read(request, page)
        session = await sessions.renew(token, page_key=page.key_digest, address=address)
    except Unauthenticated:
        visit = await _visit(services.visitor, sessions, request, page, address=address, agent=agent)
        if visit is None:
            raise
        session = visit
    return _keep(session, page, request, response)


@router.post("/logout", name="cookie_logout", status_code=204, summary="End the session of the cookie, and delete it")
async def logout(page: Page, sessions: Sessions, address: Address, request: Request, response: Response) -> None:
    await sessions.close(session_cookie.read(request, page), page_key=page.key_digest, address=address)
    session_cookie.drop(request, response, page)


async def _visit(
    visitor: DemoVisitor | None,
    sessions: BrowserSessions,
    request: Request,
    page: OwnPage,
    *,
    address: str | None,
    agent: str | None,
) -> BrowserSession | None:
    """Return a session of the visitor; None: there is none, it is not let in, or the user's password is another one."""
    if visitor is None or not FORWARDED.isdisjoint(request.headers.keys()):
        return None
    if not visitor.is_let_in(address=address, host=request.url.hostname):
        return None
    try:
        return await sessions.open(
            visitor.username, visitor.password, page_key=page.key_digest, address=address, agent=agent
        )
    except Unauthenticated:
        visitor.is_refused = True
        return None


def _keep(session: BrowserSession, page: OwnPage, request: Request, response: Response) -> PageSession:
    session_cookie.put(request, response, page, session.refresh_token, expires_in=session.refresh_expires_in)
    return PageSession(
        session_id=session.session_id,
        username=session.username,
        access_token=session.access_token,
        expires_in=session.expires_in,
    )
