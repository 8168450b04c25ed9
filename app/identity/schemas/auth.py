"""Signing in and out."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.schema_fields import described
from app.core.security import MAX_PASSWORD, MIN_PASSWORD
from app.rest.schemas import RequestBody, ResponseBody, Text

NewPassword = Annotated[Text, Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
GivenPassword = Annotated[Text, Field(min_length=1, max_length=MAX_PASSWORD)]


class LoginRequest(RequestBody):
    username: Annotated[Text, Field(min_length=1, max_length=254)] = described("User name or e-mail address.", "admin")
    password: GivenPassword = described("Password.", "tin roof, red kite")


class RefreshRequest(RequestBody):
    refresh_token: Annotated[str, Field(min_length=1, max_length=4_096)] = described(
        "The last refresh token; it is valid once.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"
    )


class PasswordRequest(RequestBody):
    current_password: GivenPassword = described("Current password.", "correct horse battery")
    new_password: NewPassword = described("New password.", "staple staple staple")


class TokenResponse(ResponseBody):
    """`expires_in`: lifetime of the access token in seconds."""

    access_token: str = described("For `Authorization: Bearer` and `?token=`.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
    refresh_token: str = described("For getting the next pair of tokens, valid once.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
    token_type: Literal["bearer"] = described("How the access token is sent.", "bearer")
    expires_in: int = described("Lifetime of the access token in seconds.", 3600)


class PageSession(ResponseBody):
    """Session data for the page. `expires_in`: lifetime of the access token in seconds."""

    session_id: str = described(
        "Session id; tabs use it to recognise a shared session.", "019b7a2f-0000-7000-8000-000000000001"
    )
    username: str = described("The signed-in user.", "admin")
    access_token: str = described("For `Authorization: Bearer`; keep it in memory.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
    token_type: Literal["bearer"] = described("How the access token is sent.", "bearer", default="bearer")
    expires_in: int = described("Lifetime of the access token in seconds.", 3600)


class SessionInfo(ResponseBody):
    """One session of the requesting user. It expires if it is not used until `expires_at`."""

    session_id: str = described("Identifier of the session.", "019b7a30-0000-7000-8000-000000000009")
    created_at: str = described("Start time.", "2026-11-27T07:40:04.623Z")
    last_used_at: str = described("Time of its last token refresh, or of its start.", "2026-11-27T08:40:04.623Z")
    expires_at: str = described("Time at which it expires unless it is used.", "2026-12-04T08:40:04.623Z")
    address: str | None = described("IP address from which it was started; null if unknown.", "192.0.2.7")
    agent: str | None = described("User agent of the client.", "Mozilla/5.0 (X11; Linux x86_64)")
    is_current: bool = described("The session of this request.", True)


class SessionList(ResponseBody):
    """Current session first, then the others, most recently used first."""

    items: list[SessionInfo] = described("Sessions, at most 200.", [])


class EndedSessions(ResponseBody):
    ended: int = described("Number of ended sessions.", 2)
