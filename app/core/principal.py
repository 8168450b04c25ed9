"""The principal of a request, and the interface that authenticates it. Implemented by `identity.auth`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

NEVER: Final = datetime.max.replace(tzinfo=UTC)
Role = Literal["admin", "user"]
ADMIN: Final = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """A user with a role. A user sees what is theirs, an administrator sees everything; foreign looks like missing."""

    user_id: str
    username: str
    role: Role
    session_id: str = ""  # the `sid` of a verified access token; empty for a command on this machine, which has none
    expires_at: datetime = NEVER  # the token's
    address: str | None = field(default=None, compare=False)  # where the request came from, for the audit log

    @property
    def is_admin(self) -> bool:
        return self.role == ADMIN

    @property
    def sees_all(self) -> bool:
        """Return whether tasks of every user may be seen."""
        return self.is_admin

    def may_see(self, owner_id: str) -> bool:
        """Return whether tasks of that user may be seen."""
        return self.sees_all or self.user_id == owner_id


class Authenticator(Protocol):
    async def authenticate(self, token: str | None) -> Principal:
        """Return the principal of an access token, checked against the user and the session in the database.

        Raises Unauthenticated with code `missing_token`, `invalid_token`, `expired_token` or `user_disabled`.
        """
        ...

    async def redeem(self, ticket: str) -> Principal:
        """Return the principal of a one-time ticket, which is invalid afterwards. It expires with the token behind it.

        Raises Unauthenticated with code `invalid_token` (unknown, used or too old), `expired_token` or
        `user_disabled`.
        """
        ...

    async def ended(self, principals: Sequence[Principal]) -> Mapping[Principal, str]:
        """Return the invalid principals with the reason: `logged_out`, `user_disabled`, `role_changed`.

        One query for all of them; called every few seconds for every connection.
        """
        ...
