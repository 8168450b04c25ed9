"""Signing in and out."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.schema_fields import described
from app.core.security import MAX_PASSWORD, MIN_PASSWORD
from app.schemas.common import RequestBody, ResponseBody, Text

NewPassword = Annotated[Text, Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
GivenPassword = Annotated[Text, Field(min_length=1, max_length=MAX_PASSWORD)]


class LoginRequest(RequestBody):
    username: Annotated[Text, Field(min_length=1, max_length=254)] = described(
        "The user's name, or their e-mail address.", "admin"
    )
    password: GivenPassword = described("The password.", "tin roof, red kite")


class RefreshRequest(RequestBody):
    refresh_token: Annotated[str, Field(min_length=1, max_length=4_096)] = described(
        "The refresh token of the last answer; it is good once.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"
    )


class PasswordRequest(RequestBody):
    current_password: GivenPassword = described("The password until now.", "correct horse battery")
    new_password: NewPassword = described("The password from now on.", "staple staple staple")


class TokenResponse(ResponseBody):
    """`expires_in`: seconds of the access token."""

    access_token: str = described("For `Authorization: Bearer` and `?token=`.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
    refresh_token: str = described("Gets the next pair, once.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
    token_type: Literal["bearer"] = described("How the access token is sent.", "bearer")
    expires_in: int = described("Seconds that the access token is good for.", 3600)


class PageSession(ResponseBody):
    """What a page may know of its session. `expires_in`: seconds of the access token."""

    session_id: str = described(
        "The session's id; tabs tell by it whether they share one.", "019b7a2f-0000-7000-8000-000000000001"
    )
    username: str = described("Who is signed in.", "admin")
    access_token: str = described("For `Authorization: Bearer`; to be kept in memory.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
    token_type: Literal["bearer"] = described("How the access token is sent.", "bearer", default="bearer")
    expires_in: int = described("Seconds that the access token is good for.", 3600)
