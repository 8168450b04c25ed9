"""Signing in and out."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.schema_fields import described
from app.core.security import MAX_PASSWORD, MIN_PASSWORD
from app.rest.schemas import RequestBody, ResponseBody, Text

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


class SessionInfo(ResponseBody):
    """One sign-in of the user who asks. It ends by itself when it is not used until `expires_at`."""

    session_id: str = described("Its id.", "019b7a30-0000-7000-8000-000000000009")
    created_at: str = described("When it began.", "2026-11-27T07:40:04.623Z")
    last_used_at: str = described("When it last got new tokens, or began.", "2026-11-27T08:40:04.623Z")
    expires_at: str = described("When it ends unless it is used.", "2026-12-04T08:40:04.623Z")
    address: str | None = described("From where it began; null when that is not known.", "192.0.2.7")
    agent: str | None = described("What the client said that it is.", "Mozilla/5.0 (X11; Linux x86_64)")
    is_current: bool = described("It is the one that asks.", True)


class SessionList(ResponseBody):
    """The current one first, then the others, the one that was used last first."""

    items: list[SessionInfo] = described("The sessions, at most 200.", [])


class EndedSessions(ResponseBody):
    ended: int = described("How many sessions were ended.", 2)
