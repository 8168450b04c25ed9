"""Users, as they see themselves and as administrators see them."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from app.core.clock import to_wire
from app.schemas.auth import NewPassword
from app.schemas.common import Count, Request, Response

Role = Literal["admin", "user"]
Username = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$")]
Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}$")]


class UserCreate(Request):
    username: Username
    email: Email
    password: NewPassword
    role: Role = "user"


class UserUpdate(Request):
    """Only what is given changes; nothing may be null."""

    email: Email | None = None
    password: NewPassword | None = None
    role: Role | None = None
    is_active: bool | None = None

    @model_validator(mode="after")
    def _has_no_nulls(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("fields must not be null; leave out what does not change")
        return self


class UserResponse(Response):
    id: str
    username: str
    email: str
    role: Role
    is_active: bool
    created_at: str
    last_login_at: str | None

    @classmethod
    def of(cls, row: Any) -> "UserResponse":
        return cls(
            id=row.id,
            username=row.username,
            email=row.email,
            role=row.role,
            is_active=row.is_active,
            created_at=to_wire(row.created_at),
            last_login_at=None if row.last_login_at is None else to_wire(row.last_login_at),
        )


class UserPage(Response):
    items: list[UserResponse]
    total: Count
