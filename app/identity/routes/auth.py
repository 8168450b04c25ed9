"""Signing in and out."""

from dataclasses import asdict

from fastapi import APIRouter

from app.core.dependencies import CurrentUser
from app.core.errors import Forbidden, LimitReached, Unauthenticated
from app.identity.dependencies import ServicesDep
from app.identity.schemas.auth import LoginRequest, PasswordRequest, RefreshRequest, TokenResponse
from app.identity.schemas.users import UserResponse
from app.rest.documented_responses import refused
from app.rest.parameters import Address, Agent

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post(
    "/login",
    summary="Sign in",
    responses=refused(Unauthenticated, "invalid_credentials", "user_disabled") | refused(LimitReached),
)
async def login(body: LoginRequest, services: ServicesDep, address: Address, agent: Agent) -> TokenResponse:
    pair = await services.auth.login(body.username, body.password, address=address, agent=agent)
    return TokenResponse(**asdict(pair))


@router.post(
    "/refresh",
    summary="Get new tokens; the refresh token used becomes invalid",
    responses=refused(Unauthenticated, "invalid_token", "expired_token", "user_disabled") | refused(LimitReached),
)
async def refresh(body: RefreshRequest, services: ServicesDep, address: Address) -> TokenResponse:
    pair = await services.auth.refresh(body.refresh_token, address=address)
    return TokenResponse(**asdict(pair))


@router.post("/logout", status_code=204, summary="End the current session")
async def logout(user: CurrentUser, services: ServicesDep) -> None:
    await services.auth.logout(user)


@router.post("/logout-everywhere", status_code=204, summary="End all sessions of the user, including the current one")
async def logout_everywhere(user: CurrentUser, services: ServicesDep) -> None:
    await services.auth.logout_everywhere(user)


@router.post(
    "/password",
    status_code=204,
    summary="Change the password; ends all sessions",
    responses=refused(Forbidden, "wrong_password") | refused(LimitReached),
)
async def change_password(body: PasswordRequest, user: CurrentUser, services: ServicesDep) -> None:
    await services.auth.change_password(user, current=body.current_password, new=body.new_password)


@router.get("/me", summary="Get the signed-in user")
async def me(user: CurrentUser, services: ServicesDep) -> UserResponse:
    return UserResponse.of(await services.auth.me(user))
