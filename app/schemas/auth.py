"""Signing in and out."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.security import MAX_PASSWORD, MIN_PASSWORD
from app.schemas.common import Request, Response, Text

NewPassword = Annotated[Text, Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
GivenPassword = Annotated[Text, Field(min_length=1, max_length=MAX_PASSWORD)]


class LoginRequest(Request):
    username: Annotated[Text, Field(min_length=1, max_length=254)]
    password: GivenPassword


class RefreshRequest(Request):
    refresh_token: Annotated[str, Field(min_length=1, max_length=4_096)]


class PasswordRequest(Request):
    current_password: GivenPassword
    new_password: NewPassword


class TokenResponse(Response):
    """`expires_in`: seconds of the access token."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int
