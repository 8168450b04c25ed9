"""The principal of a request, and the interface that authenticates it. Implemented by `identity.auth`."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Literal, Protocol

from app.core.errors import Forbidden, ScannerError, Unauthenticated
from app.core.scopes import (
    GROUP_ROUTES,
    LINK_ROUTES,
    PUBLIC,
    REVIEWER_ROUTES,
    SCOPE_OF_ROUTE,
    SESSION,
    VIEWER_ROUTES,
    Scope,
)

NEVER: Final = datetime.max.replace(tzinfo=UTC)
Role = Literal["admin", "user", "reviewer", "viewer"]
ADMIN: Final = "admin"
REVIEWER: Final = "reviewer"
VIEWER: Final = "viewer"
# Roles that see the scans and sites of everybody, and may use these routes alone.
READER_ROUTES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {REVIEWER: REVIEWER_ROUTES, VIEWER: VIEWER_ROUTES}
)
# Roles of those who may be asked to take care of a finding of anybody's scan.
ASSIGNABLE: Final = (ADMIN, REVIEWER)
# The id of the API key with which the request was made that is being answered, for the audit log; empty without one.
ACTING_KEY: Final[ContextVar[str]] = ContextVar("acting_key", default="")


@dataclass(frozen=True, slots=True)
class Principal:
    """A user with a role. A user sees what is theirs, an administrator sees everything; foreign looks like missing.

    Reviewers and viewers see the scans and sites of everybody, and may use `READER_ROUTES` alone.

    Who shows an API key or a read-only link is its user, with fewer rights.
    """

    user_id: str
    username: str
    role: Role  # of a key: what of its user's role it may use
    session_id: str = ""  # the `sid` of a verified access token; empty for a command on this machine, which has none
    expires_at: datetime = NEVER  # the token's
    address: str | None = field(default=None, compare=False)  # where the request came from, for the audit log
    key_id: str = ""  # of the API key that was shown; empty without one
    scopes: frozenset[Scope] | None = None  # of that key; None: no key, and all that the role allows
    group: str | None = None  # of that key: it is for the user's sites of this group alone; None: for all
    link_id: str = ""  # of the read-only link that was shown; empty without one
    task_id: str = ""  # the one task that the link shows; empty: no link

    @property
    def is_admin(self) -> bool:
        return self.role == ADMIN

    @property
    def is_reader(self) -> bool:
        return self.role in READER_ROUTES

    @property
    def key_scopes(self) -> frozenset[Scope]:
        """Return the scopes that an API key of this user may have; `ADMIN` while they are an administrator."""
        if self.is_reader:
            needed = {SCOPE_OF_ROUTE[name] for name in READER_ROUTES[self.role]}
            return frozenset(scope for scope in Scope if scope in needed)
        return frozenset(Scope)

    @property
    def sees_all(self) -> bool:
        """Return whether tasks of every user may be seen. The group of a key is one of its user's own sites."""
        return self.is_admin or (self.is_reader and self.group is None)

    @property
    def may_read(self) -> bool:
        """Return whether results may be seen: a key may do other things alone, whose answers are then without them."""
        return self.scopes is None or Scope.READ in self.scopes

    def may_see(self, owner_id: str) -> bool:
        """Return whether all tasks of that user may be seen: not with a link, nor with a key of a group."""
        return not self.link_id and self.group is None and (self.sees_all or self.user_id == owner_id)

    @property
    def is_link(self) -> bool:
        """Return whether the request was made with a read-only link."""
        return bool(self.link_id)

    @property
    def is_outside(self) -> bool:
        """Return whether the reader may be outside of the organisation: with a link, or with a key of a group, such as
        an agency's.
        """
        return self.is_link or self.group is not None

    @property
    def waits_as(self) -> str:
        """Return by whom this one's requests take their turns: the readers of a link do not keep its user waiting."""
        return f"link {self.link_id}" if self.link_id else self.user_id

    def require_route(self, name: str) -> None:
        """Refuse what a reviewer, a viewer, a key or a link is not for.

        Raises Forbidden: `read_only`, `session_required` or `insufficient_scope`.
        """
        if self.is_reader and name not in READER_ROUTES[self.role]:
            raise Forbidden(code="read_only")
        if self.link_id:
            if name not in LINK_ROUTES:
                raise Forbidden(code="insufficient_scope", text="link_not_enough")
        elif self.scopes is not None:
            needed = SCOPE_OF_ROUTE.get(name, SESSION)
            if needed in (SESSION, PUBLIC):
                raise Forbidden(code="session_required")
            self.require_scope(Scope(needed))
            if self.group is not None and name not in GROUP_ROUTES:
                raise Forbidden(code="insufficient_scope", text="group_not_enough")

    def require_scope(self, scope: Scope) -> None:
        """Refuse a key without it. Raises Forbidden (`insufficient_scope`)."""
        if self.scopes is not None and scope not in self.scopes:
            raise Forbidden(code="insufficient_scope", scope=scope.value)

    def require_socket(self) -> None:
        """Refuse who may not open a WebSocket: for that a key must read, and a link opens none.

        Raises Unauthenticated (`invalid_token`), Forbidden (`insufficient_scope`).
        """
        if self.link_id:
            raise Unauthenticated(code="invalid_token", text="link_opens_no_socket")
        self.require_scope(Scope.READ)


class Authenticator(Protocol):
    async def authenticate(self, token: str | None) -> Principal:
        """Return the principal of an access token, an API key or a read-only link, checked against the database.

        Raises Unauthenticated with code `missing_token`, `invalid_token`, `expired_token` or `user_disabled`; NotFound
        for a link that leads nowhere, or no longer.
        """
        ...

    def note_use(self, principal: Principal) -> None:
        """Note that a key or a link was used, from the principal's address. Never waits."""
        ...

    def note_denied(self, error: ScannerError, principal: Principal | None, *, address: str | None) -> None:
        """Record that a key was refused; `principal`: whose, if the key itself is good. Never waits."""
        ...

    async def redeem(self, ticket: str) -> Principal:
        """Return the principal of a one-time ticket, which is invalid afterwards. It expires with the token behind it.

        Raises Unauthenticated with code `invalid_token` (unknown, used or too old), `expired_token` or
        `user_disabled`.
        """
        ...

    async def ended(self, principals: Sequence[Principal]) -> Mapping[Principal, str]:
        """Return the invalid principals with the reason: `logged_out`, `key_revoked`, `user_disabled`, `role_changed`.

        One query for all of them; called every few seconds for every connection.
        """
        ...
