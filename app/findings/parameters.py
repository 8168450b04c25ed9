"""Parameters that several routes of findings have."""

from typing import Annotated, Final

from fastapi import Query

from app.core.principal import Principal

ME: Final = "me"
AskedAssignee = Annotated[
    str | None,
    Query(
        pattern=r"^(me|none|[0-9a-f-]{36})$",
        description="Only findings assigned to this user id, to yourself (`me`) or to nobody (`none`).",
        examples=[ME],
    ),
]


def assignee_of(asked: str | None, reader: Principal) -> str | None:
    """Return the user's id, or `NOBODY`; None does not filter."""
    return reader.user_id if asked == ME else asked
