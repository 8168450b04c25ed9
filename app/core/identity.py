"""Who is connected, and how the borders ask. Implemented by `services.auth`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified access token's owner. `session_id` is the token's `sid`."""

    user_id: str
    username: str
    role: str  # "admin" or "user"
    session_id: str
    expires_at: datetime

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


class Authenticator(Protocol):
    async def authenticate(self, token: str | None) -> Identity:
        """The identity of an access token, checked against the user and the session in the database.

        Raises Unauthenticated with code `missing_token`, `invalid_token`, `expired_token` or `user_disabled`.
        """
        ...

    async def redeem(self, ticket: str) -> Identity:
        """The identity of a one-time ticket, which is void afterwards. It expires when the token behind it does.

        Raises Unauthenticated with code `invalid_token` (unknown, used or too old), `expired_token` or
        `user_disabled`.
        """
        ...

    async def ended(self, identities: Sequence[Identity]) -> Mapping[Identity, str]:
        """Those that are no longer good, with the reason: `logged_out`, `user_disabled`, `role_changed`.

        One query for all of them; called every few seconds for every connection.
        """
        ...
