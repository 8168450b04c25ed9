"""Authentication: signing in and out, rotation of tokens, and whether a connected user may stay connected.

A token is good while its session stands, its user is active and its version is the user's. So a logout, a password
change and a deactivation end every token at the next look, and an `AccessHint` makes all sockets look at once. API keys
and read-only links are asked beside sessions (`identity.api_keys`, `identity.links`).
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.config import Settings
from app.core.data_loader import DataLoader
from app.core.db import Database
from app.core.errors import ConfigurationError, Forbidden, LimitReached, ScannerError, Unauthenticated
from app.core.ids import new_id
from app.core.opaque_tokens import is_opaque
from app.core.principal import ADMIN, Principal
from app.core.security import MIN_PASSWORD, Claims, Passwords, Tokens
from app.core.tracing import traced
from app.events.bus.base import AccessHint, Publisher
from app.identity.audit import AuditTrail
from app.identity.login import Login
from app.identity.login_throttle import LoginThrottle
from app.identity.opaque_access import OpaqueAccess
from app.identity.queries import sessions, users
from app.identity.queries.tokens import revoke_tokens
from app.identity.session_checks import check_claims, check_session, may_travel
from app.identity.tickets import Ticket, Tickets
from app.identity.token_issuer import TokenPair
from app.identity.token_rotation import TokenRotation

FIRST_ADMIN: Final = "admin"
FIRST_ADMIN_EMAIL: Final = "admin@localhost"


@dataclass(kw_only=True, eq=False, repr=False)
class AuthService:
    """Implements `core.principal.Authenticator`."""

    settings: Settings
    db: Database
    bus: Publisher
    clock: Clock
    passwords: Passwords
    tokens: Tokens
    password_login: Login
    rotation: TokenRotation
    throttle: LoginThrottle
    tickets: Tickets
    opaque: OpaqueAccess
    audit: AuditTrail

    def __post_init__(self) -> None:
        self._sessions: DataLoader[str, Row[Any]] = DataLoader(self._read_sessions)

    @traced
    async def authenticate(self, token: str | None) -> Principal:
        """See `Authenticator`."""
        if token is not None and is_opaque(token):
            return await self.opaque.authenticate(token)
        claims = self.tokens.read(token, "access")
        row = check_claims(await self._sessions.get(claims.session_id), claims, self.clock.now())
        return Principal(row.id, row.username, row.role, claims.session_id, claims.expires_at)

    def note_use(self, principal: Principal) -> None:
        """See `Authenticator`."""
        self.opaque.note_use(principal)

    def note_denied(self, error: ScannerError, principal: Principal | None, *, address: str | None) -> None:
        """See `Authenticator`."""
        self.opaque.note_denied(error, principal, address=address)

    def user_of(self, token: str | None) -> str | None:
        """Return by whom a request with the token takes its turn: the user for whom we signed it, or who the key is
        known to belong to; None: it is not valid.

        Whether the session is still open is not looked at, nor whether a key that was not seen before is one.
        """
        if token is not None and is_opaque(token):
            return self.opaque.turn_of(token)
        try:
            return self.tokens.read(token, "access").user_id
        except Unauthenticated:
            return None

    @traced
    async def redeem(self, ticket: str) -> Principal:
        """See `Authenticator`."""
        then = await self.tickets.redeem(ticket)
        if then.key_id:
            return await self.opaque.keys.find(then.key_id)
        row = check_session(await self._sessions.get(then.session_id), then.user_id, self.clock.now())
        if then.expires_at <= self.clock.now():
            raise Unauthenticated(code="expired_token")
        return Principal(row.id, row.username, row.role, then.session_id, then.expires_at)

    async def issue_ticket(self, principal: Principal) -> Ticket:
        """A ticket for one WebSocket, bound to this user, session and token. Raises LimitReached."""
        return await self.tickets.issue(principal)

    async def ended(self, principals: Sequence[Principal]) -> Mapping[Principal, str]:
        """See `Authenticator`."""
        signed_in = [principal for principal in principals if not principal.key_id]
        of_keys = await self.opaque.keys.ended([principal for principal in principals if principal.key_id])
        ids = sorted({principal.session_id for principal in signed_in})
        if not ids:
            return of_keys
        known = await self._read_sessions(ids)
        reasons = {principal: _ending(principal, known.get(principal.session_id)) for principal in signed_in}
        return {**of_keys, **{principal: reason for principal, reason in reasons.items() if reason}}

    async def _read_sessions(self, ids: Sequence[str]) -> dict[str, Row[Any]]:
        rows = await self.db.read(lambda connection: sessions.list_with_users(connection, ids))
        return {row.session_id: row for row in rows}

    @traced
    async def login(
        self,
        username: str,
        password: str,
        *,
        address: str | None = None,
        agent: str | None = None,
        page_key: str | None = None,
    ) -> TokenPair:
        """A new session. `address` and `agent` (what the client says that it is) are kept for its owner.

        With `page_key` (the digest of a page's key) its refresh token travels in a cookie, and is good for nobody who
        does not show that key; without, it travels in bodies.

        Raises:
            Unauthenticated: `invalid_credentials` (unknown name and wrong password look and last the same), or
                `user_disabled`, said only to who knows the password.
            LimitReached: too many sign-ins at once, from this address or into this account (`identity.login_throttle`).
        """
        return await self.password_login.open(username, password, address=address, agent=agent, page_key=page_key)

    @traced
    async def refresh(
        self, token: str, *, address: str | None = None, page_key: str | None = None, late_s: float = 0
    ) -> TokenPair:
        """Rotates: the token given is void afterwards. One that was used before ends the session: somebody copied it.

        A page's token needs the page's key (`page_key`, as at `login`). Without it nothing changes: other services of
        the browser's host get the cookie, too, and must not be able to end the session by it (ADR 0060).

        With `late_s` the token before the present one gets the present one again, for so many seconds after it was
        replaced: of two tabs that refresh at the same moment neither is a thief (ADR 0046).

        Raises Unauthenticated as `authenticate` does, LimitReached.
        """
        return await self.rotation.refresh(token, address=address, page_key=page_key, late_s=late_s)

    async def logout(self, principal: Principal) -> None:
        """Ends this session; the user's others go on."""
        await self.end_session(principal.user_id, principal.session_id, address=principal.address)

    async def end_session(self, user_id: str, session_id: str, *, address: str | None = None) -> None:
        """Ends one session of the user, who has shown a token of it. One that has ended stays so."""
        await self._end_session(user_id, session_id, lambda _: True, address=address)

    async def end_page_session(self, claims: Claims, page_key: str, *, address: str | None = None) -> None:
        """Ends the session of a refresh token that came in a cookie, if it is this page's."""
        await self._end_session(
            claims.user_id, claims.session_id, lambda row: may_travel(row, page_key), address=address
        )

    async def _end_session(
        self, user_id: str, session_id: str, may_end: Callable[[Row[Any]], bool], *, address: str | None
    ) -> None:
        now, ended = self.clock.now(), False

        def work(connection: Connection) -> None:
            nonlocal ended
            row = sessions.find_with_user(connection, session_id)
            if row is None or not may_end(row):
                return
            ended = sessions.revoke(connection, session_id, now=now) or ended  # it runs again after a lost COMMIT

        await self.db.write(work)
        if ended:
            self.bus.publish(AccessHint(user_id, session_id))
            self.audit.record("auth.logout", user_id=user_id, address=address, object_id=session_id)

    async def logout_everywhere(self, principal: Principal) -> None:
        """Ends all sessions of the user, this one too."""
        now = self.clock.now()
        await self.db.write(lambda connection: sessions.revoke_all(connection, principal.user_id, now=now))
        self.bus.publish(AccessHint(principal.user_id))
        self.audit.record("auth.logout_everywhere", user_id=principal.user_id, address=principal.address)

    async def change_password(self, principal: Principal, *, current: str, new: str) -> None:
        """Ends all sessions of the user, this one too.

        Raises:
            Forbidden: `wrong_password`.
            LimitReached: the current password was guessed wrongly too often.
        """
        try:
            await self._check_password(principal, current)
        except (Forbidden, LimitReached) as refusal:
            self.audit.record(
                "auth.password",
                "denied",
                user_id=principal.user_id,
                address=principal.address,
                detail={"code": refusal.code},
            )
            raise
        await self.set_password(principal.user_id, new)
        self.audit.record("auth.password", user_id=principal.user_id, address=principal.address)

    async def _check_password(self, principal: Principal, password: str) -> None:
        """A stolen token gives no faster way to guess than signing in does."""
        key = await self.throttle.begin(f"\0{principal.user_id}")
        try:
            row = await self.db.read(lambda connection: users.find(connection, principal.user_id))
            good = await self.passwords.verify(password, row.password_hash if row else None, known=True)
        except ScannerError:
            await self.throttle.withdraw(key)
            raise
        if not good:
            raise Forbidden(code="wrong_password")
        await self.throttle.succeed(key)

    async def set_password(self, user_id: str, password: str) -> None:
        """Ends all sessions of the user."""
        hashed = await self.passwords.hash(password)
        await self.db.write(lambda connection: self._store_password(connection, user_id, hashed))
        self.bus.publish(AccessHint(user_id))

    async def me(self, principal: Principal) -> Row[Any]:
        """The user's row."""
        row = await self.db.read(lambda connection: users.find(connection, principal.user_id))
        if row is None:
            raise _invalid()
        return row

    async def ensure_admin(self) -> str | None:
        """At the first start: makes `admin`. Returns a generated password, which is to be shown once; else None.

        Of several servers that start at the same time one makes it.

        Raises:
            ConfigurationError: the password of the settings is too short.
        """
        if await self.db.read(users.any_exists):
            return None
        given = self.settings.admin_password
        password = given.get_secret_value() if given else secrets.token_urlsafe(15)
        if len(password) < MIN_PASSWORD:
            raise ConfigurationError(
                text="admin_password_too_short", name="COMPLIANCE_ADMIN_PASSWORD", least=MIN_PASSWORD
            )
        made = await self.create_admin(FIRST_ADMIN, password)
        return password if made and not given else None

    async def create_admin(self, username: str, password: str, *, reset: bool = False) -> bool:
        """Makes an administrator; with `reset` an existing user of that name gets this password, role and life.

        Returns False when the name is taken and `reset` is not asked for.
        """
        if not reset and await self.db.read(lambda connection: users.find_by_name(connection, username)) is not None:
            return False
        hashed = await self.passwords.hash(password)
        stored = await self.db.write(lambda connection: self._store_admin(connection, username, hashed, reset=reset))
        if stored is None:
            return False
        user_id, is_new = stored
        self.bus.publish(AccessHint(user_id))
        self.audit.record("user.create" if is_new else "user.admin_reset", object_id=user_id)
        return True

    def _store_password(self, connection: Connection, user_id: str, hashed: str) -> None:
        row = users.find(connection, user_id)
        if row is None:
            raise _invalid()
        users.change(connection, user_id, {"password_hash": hashed, "token_version": row.token_version + 1})
        sessions.revoke_all(connection, user_id, now=self.clock.now())

    def _store_admin(
        self, connection: Connection, username: str, hashed: str, *, reset: bool
    ) -> tuple[str, bool] | None:
        """Return whose account it is, and whether it is new; None: the name is taken."""
        row = users.find_by_name(connection, username)
        if row is not None:
            if not reset:
                return None
            self._store_password(connection, row.id, hashed)
            users.change(connection, row.id, {"role": ADMIN, "is_active": True})
            revoke_tokens(connection, row.id, now=self.clock.now())  # it is done for who has lost an account
            return row.id, False
        user_id = new_id()
        users.add(
            connection,
            {
                "id": user_id,
                "username": username,
                "email": FIRST_ADMIN_EMAIL if username == FIRST_ADMIN else f"{username}@localhost",
                "password_hash": hashed,
                "role": ADMIN,
                "is_active": True,
                "token_version": 1,
                "created_at": self.clock.now(),
            },
        )
        return user_id, True


def _ending(principal: Principal, row: Row[Any] | None) -> str | None:
    """Why the principal is no longer good, or None. A session's row goes only with its user or when it has expired."""
    if row is None or row.id != principal.user_id:
        return "user_disabled"
    if not row.is_active:
        return "user_disabled"
    if row.revoked_at is not None:
        return "logged_out"
    return "role_changed" if row.role != principal.role else None


def _invalid() -> Unauthenticated:
    return Unauthenticated(code="invalid_token")
