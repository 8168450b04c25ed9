"""Who one is: signing in and out, tokens and their rotation, and whether a connected one still is who they were.

A token is good while its session stands, its user is active and its version is the user's. So a logout, a password
change and a deactivation end every token at the next look, and an `AccessHint` makes all sockets look at once.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.batch import BatchedReads
from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.errors import ConfigurationError, Forbidden, LimitReached, ScannerError, Unauthenticated
from app.core.identity import Identity
from app.core.ids import new_id
from app.core.security import MIN_PASSWORD, Claims, Passwords, Tokens
from app.events.bus.base import AccessHint, Bus
from app.repositories import sessions, users
from app.services.audit import AuditTrail
from app.services.login import Login
from app.services.mint import Mint, TokenPair
from app.services.throttle import Throttle
from app.services.tickets import Ticket, Tickets

FIRST_ADMIN: Final = "admin"
FIRST_ADMIN_EMAIL: Final = "admin@localhost"


class AuthService:
    """Implements `core.identity.Authenticator`."""

    def __init__(
        self,
        *,
        settings: Settings,
        db: Database,
        bus: Bus,
        clock: Clock,
        passwords: Passwords,
        tokens: Tokens,
        mint: Mint,
        login: Login,
        throttle: Throttle,
        tickets: Tickets,
        audit: AuditTrail,
    ) -> None:
        self._settings = settings
        self._db = db
        self._bus = bus
        self._clock = clock
        self._passwords = passwords
        self._tokens = tokens
        self._mint = mint
        self._login = login
        self._throttle = throttle
        self._tickets = tickets
        self._audit = audit
        self._sessions: BatchedReads[str, Row[Any]] = BatchedReads(self._read_sessions)

    async def authenticate(self, token: str | None) -> Identity:
        """See `Authenticator`."""
        claims = self._tokens.read(token, "access")
        row = self._check(await self._sessions.get(claims.session_id), claims)
        return Identity(row.id, row.username, row.role, claims.session_id, claims.expires_at)

    async def redeem(self, ticket: str) -> Identity:
        """See `Authenticator`."""
        then = await self._tickets.redeem(ticket)
        row = self._check_session(await self._sessions.get(then.session_id), then.user_id)
        if then.expires_at <= self._clock.now():
            raise Unauthenticated("The token has expired.", code="expired_token")
        return Identity(row.id, row.username, row.role, then.session_id, then.expires_at)

    async def issue_ticket(self, identity: Identity) -> Ticket:
        """A ticket for one WebSocket, bound to this user, session and token. Raises LimitReached."""
        return await self._tickets.issue(identity)

    async def ended(self, identities: Sequence[Identity]) -> Mapping[Identity, str]:
        """See `Authenticator`."""
        ids = sorted({identity.session_id for identity in identities})
        if not ids:
            return {}
        known = await self._read_sessions(ids)
        reasons = {identity: _ending(identity, known.get(identity.session_id)) for identity in identities}
        return {identity: reason for identity, reason in reasons.items() if reason}

    async def _read_sessions(self, ids: Sequence[str]) -> dict[str, Row[Any]]:
        rows = await self._db.read(lambda connection: sessions.list_with_users(connection, ids))
        return {row.session_id: row for row in rows}

    async def login(self, username: str, password: str, *, address: str | None = None) -> TokenPair:
        """A new session.

        Raises:
            Unauthenticated: `invalid_credentials` (unknown name and wrong password look and last the same), or
                `user_disabled`, said only to who knows the password.
            LimitReached: too many sign-ins at once, from this address or into this account (`services.throttle`).
        """
        return await self._login.open(username, password, address=address)

    async def refresh(self, token: str, *, address: str | None = None) -> TokenPair:
        """Rotates: the token given is void afterwards. One that was used before ends the session: somebody copied it.

        Raises Unauthenticated as `authenticate` does, LimitReached.
        """
        try:
            old = self._tokens.read(token, "refresh")
        except Unauthenticated as refusal:
            self._audit.record("auth.refresh", "denied", address=address, detail={"code": refusal.code})
            self._throttle.refuse_token(address)
            raise
        self._throttle.admit_refresh(old.session_id)
        outcome = await self._db.write(lambda connection: self._rotate(connection, old))
        if isinstance(outcome, Claims):
            return self._mint.pair(outcome)
        self._audit.record(
            "auth.refresh",
            "denied",
            user_id=old.user_id,
            address=address,
            object_id=old.session_id,
            detail={"code": outcome.code},
        )
        if outcome.code == "token_reused":
            self._bus.publish(AccessHint(old.user_id, old.session_id))
            raise Unauthenticated(outcome.message, code="invalid_token")
        raise outcome

    async def logout(self, identity: Identity, *, address: str | None = None) -> None:
        """Ends this session; the user's others go on."""
        now = self._clock.now()
        await self._db.write(lambda connection: sessions.revoke(connection, identity.session_id, now=now))
        self._bus.publish(AccessHint(identity.user_id, identity.session_id))
        self._audit.record("auth.logout", user_id=identity.user_id, address=address, object_id=identity.session_id)

    async def change_password(self, identity: Identity, *, current: str, new: str, address: str | None = None) -> None:
        """Ends all sessions of the user, this one too.

        Raises:
            Forbidden: `wrong_password`.
            LimitReached: the current password was guessed wrongly too often.
        """
        try:
            await self._check_password(identity, current)
        except (Forbidden, LimitReached) as refusal:
            self._audit.record(
                "auth.password", "denied", user_id=identity.user_id, address=address, detail={"code": refusal.code}
            )
            raise
        await self.set_password(identity.user_id, new)
        self._audit.record("auth.password", user_id=identity.user_id, address=address)

    async def _check_password(self, identity: Identity, password: str) -> None:
        """A stolen token is no way to guess faster than at the front door."""
        key = self._throttle.begin(f"\0{identity.user_id}")
        try:
            row = await self._db.read(lambda connection: users.find(connection, identity.user_id))
            good = await self._passwords.verify(password, row.password_hash if row else None, known=True)
        except ScannerError:
            self._throttle.withdraw(key)
            raise
        if not good:
            raise Forbidden("The current password is wrong.", code="wrong_password")
        self._throttle.succeed(key)

    async def set_password(self, user_id: str, password: str) -> None:
        """Ends all sessions of the user."""
        hashed = await self._passwords.hash(password)
        await self._db.write(lambda connection: self._store_password(connection, user_id, hashed))
        self._bus.publish(AccessHint(user_id))

    async def me(self, identity: Identity) -> Row[Any]:
        """The user's row."""
        row = await self._db.read(lambda connection: users.find(connection, identity.user_id))
        if row is None:
            raise _invalid()
        return row

    async def ensure_admin(self) -> str | None:
        """At the first start: makes `admin`. Returns a generated password, which is to be shown once; else None.

        Raises:
            ConfigurationError: the password of the settings is too short.
        """
        if await self._db.read(users.any_exists):
            return None
        given = self._settings.admin_password
        password = given.get_secret_value() if given else secrets.token_urlsafe(15)
        if len(password) < MIN_PASSWORD:
            raise ConfigurationError(f"COMPLIANCE_ADMIN_PASSWORD must have at least {MIN_PASSWORD} characters")
        await self.create_admin(FIRST_ADMIN, password)
        return None if given else password

    async def create_admin(self, username: str, password: str, *, reset: bool = False) -> bool:
        """Makes an administrator; with `reset` an existing user of that name gets this password, role and life.

        Returns False when the name is taken and `reset` is not asked for.
        """
        row = await self._db.read(lambda connection: users.find_by_name(connection, username))
        if row is not None and not reset:
            return False
        hashed = await self._passwords.hash(password)
        user_id = row.id if row else new_id()
        await self._db.write(
            lambda connection: self._store_admin(connection, user_id, username, hashed, new=row is None)
        )
        self._bus.publish(AccessHint(user_id))
        self._audit.record("user.admin_reset" if row else "user.create", object_id=user_id)
        return True

    def _check(self, row: Row[Any] | None, claims: Claims) -> Row[Any]:
        row = self._check_session(row, claims.user_id)
        if row.token_version != claims.token_version:
            raise _invalid()
        return row

    def _check_session(self, row: Row[Any] | None, user_id: str) -> Row[Any]:
        """Disabled comes before revoked, since disabling revokes: whoever holds a good token may know why."""
        if row is None or row.id != user_id:
            raise _invalid()
        if not row.is_active:
            raise Unauthenticated("This account is disabled.", code="user_disabled")
        if row.revoked_at is not None:
            raise _invalid()
        if row.session_expires_at <= self._clock.now():
            raise Unauthenticated("The session has expired.", code="expired_token")
        return row

    def _rotate(self, connection: Connection, old: Claims) -> Claims | Unauthenticated:
        """A refusal is returned, not raised: the revocation must commit."""
        try:
            row = self._check(sessions.find_with_user(connection, old.session_id), old)
        except Unauthenticated as refusal:
            return refusal
        new = self._mint.claims(row, old.session_id)
        if sessions.rotate(
            connection, old.session_id, old_jti=old.token_id, new_jti=new.token_id, expires_at=new.expires_at
        ):
            return new
        sessions.revoke(connection, old.session_id, now=self._clock.now())
        return Unauthenticated("The token is not valid.", code="token_reused")

    def _store_password(self, connection: Connection, user_id: str, hashed: str) -> None:
        row = users.find(connection, user_id)
        if row is None:
            raise _invalid()
        users.change(connection, user_id, {"password_hash": hashed, "token_version": row.token_version + 1})
        sessions.revoke_all(connection, user_id, now=self._clock.now())

    def _store_admin(self, connection: Connection, user_id: str, username: str, hashed: str, *, new: bool) -> None:
        if not new:
            self._store_password(connection, user_id, hashed)
            users.change(connection, user_id, {"role": "admin", "is_active": True})
            return
        users.add(
            connection,
            {
                "id": user_id,
                "username": username,
                "email": FIRST_ADMIN_EMAIL if username == FIRST_ADMIN else f"{username}@localhost",
                "password_hash": hashed,
                "role": "admin",
                "is_active": True,
                "token_version": 1,
                "created_at": self._clock.now(),
            },
        )


def _ending(identity: Identity, row: Row[Any] | None) -> str | None:
    """Why the identity is no longer good, or None. A session's row goes only with its user or when it has expired."""
    if row is None or row.id != identity.user_id:
        return "user_disabled"
    if not row.is_active:
        return "user_disabled"
    if row.revoked_at is not None:
        return "logged_out"
    return "role_changed" if row.role != identity.role else None


def _invalid() -> Unauthenticated:
    return Unauthenticated("The token is not valid.", code="invalid_token")
