"""Signing in and out."""

from dataclasses import asdict

from fastapi import APIRouter

from app.api.state import Address, State
from app.core.dependencies import CurrentUser
from app.schemas.auth import LoginRequest, PasswordRequest, RefreshRequest, TokenResponse
from app.schemas.users import UserResponse

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/login", summary="Sign in")
async def login(body: LoginRequest, services: State, address: Address) -> TokenResponse:
    pair = await services.auth.login(body.username, body.password, address=address)
    return TokenResponse(**asdict(pair))


@router.post("/refresh", summary="Get new tokens; the refresh token given is void afterwards")
async def refresh(body: RefreshRequest, services: State, address: Address) -> TokenResponse:
    pair = await services.auth.refresh(body.refresh_token, address=address)
    return TokenResponse(**asdict(pair))


@router.post("/logout", status_code=204, summary="End this session")
async def logout(user: CurrentUser, services: State, address: Address) -> None:
    await services.auth.logout(user, address=address)


@router.post("/password", status_code=204, summary="Change the password; ends all sessions")
async def change_password(body: PasswordRequest, user: CurrentUser, services: State, address: Address) -> None:
    await services.auth.change_password(user, current=body.current_password, new=body.new_password, address=address)


@router.get("/me", summary="Who I am")
async def me(user: CurrentUser, services: State) -> UserResponse:
    return UserResponse.of(await services.auth.me(user))
