"""Users, as they see themselves and as administrators see them."""

import re
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.clock import to_wire
from app.core.principal import Role
from app.core.schema_fields import described
from app.identity.schemas.auth import NewPassword
from app.rest.schemas import Count, Priority, RequestBody, ResponseBody

USERNAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._@-]*$"
EMAIL: Final = r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}$"


def _username(value: str) -> str:
    if re.fullmatch(USERNAME, value) is None:
        raise PydanticCustomError("not_a_username", "not a username")
    return value


def _email(value: str) -> str:
    if re.fullmatch(EMAIL, value) is None:
        raise PydanticCustomError("not_an_email", "not an e-mail address")
    return value


Username = Annotated[
    str, Field(min_length=1, max_length=64, json_schema_extra={"pattern": USERNAME}), AfterValidator(_username)
]
Email = Annotated[str, Field(max_length=254, json_schema_extra={"pattern": EMAIL}), AfterValidator(_email)]


class UserCreate(RequestBody):
    username: Username = described("Letters, digits and `._@-`.", "mei")
    email: Email = described("An e-mail address.", "mei@example.com")
    password: NewPassword = described("The first password.", "staple staple staple")
    role: Role = described(
        "Administrators see all tasks and users. Reviewers see all tasks, and judge findings. "
        "Viewers see all tasks, and change nothing.",
        "user",
        default="user",
    )


class UserUpdate(RequestBody):
    """Only fields that are sent change; none may be null."""

    email: Email | None = described("A new e-mail address.", "mei@example.com", default=None)
    password: NewPassword | None = described(
        "A new password; ends the user's sessions.", "staple staple staple", default=None
    )
    role: Role | None = described("A new role; ends the user's sessions.", "admin", default=None)
    is_active: bool | None = described("False: the user cannot sign in.", True, default=None)
    scan_priority: Priority | None = described(
        ("Scans of users with a higher value start before those with a lower one, including waiting scans."),
        10,
        default=None,
    )

    @model_validator(mode="after")
    def _has_no_nulls(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise PydanticCustomError("null", "null")
        return self


class UserResponse(ResponseBody):
    id: str = described("User id.", "019b7a30-0000-7000-8000-000000000001")
    username: str = described("User name.", "mei")
    email: str = described("E-mail address.", "mei@example.com")
    role: Role = described("`admin`, `user`, `reviewer` or `viewer`.", "user")
    is_active: bool = described("Whether the user can sign in.", True)
    scan_priority: Priority = described("Scans of users with a higher value start before those with a lower one.", 0)
    created_at: str = described("Time of creation.", "2026-01-01T00:00:00.000Z")
    last_login_at: str | None = described("Time of the last sign-in; null: never.", "2026-01-01T00:00:01.000Z")

    @classmethod
    def of(cls, row: Any) -> "UserResponse":
        return cls(
            id=row.id,
            username=row.username,
            email=row.email,
            role=row.role,
            is_active=row.is_active,
            scan_priority=row.scan_priority,
            created_at=to_wire(row.created_at),
            last_login_at=None if row.last_login_at is None else to_wire(row.last_login_at),
        )


class UserPage(ResponseBody):
    items: list[UserResponse] = described("The users of this page.")
    total: Count = described("Number of connections.", 1)
