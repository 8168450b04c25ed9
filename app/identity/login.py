"""Signing in with a name and a password."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import LimitReached, ScannerError, Unauthenticated
from app.core.ids import new_id
from app.core.limits import network_of
from app.core.security import Claims, Passwords
from app.identity.audit import AuditTrail
from app.identity.login_throttle import LoginThrottle
from app.identity.queries import sessions, users
from app.identity.token_issuer import TokenIssuer, TokenPair


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a sign-in comes from; `agent` is what the client says that it is, `page_key` the digest of a page's key."""

    address: str | None
    agent: str | None
    page_key: str | None


@dataclass(kw_only=True, eq=False, repr=False)
class Login:
    """Each refusal is an audit row with its code."""

    db: Database
    clock: Clock
    passwords: Passwords
    issuer: TokenIssuer
    throttle: LoginThrottle
    audit: AuditTrail

    async def open(
        self,
        username: str,
        password: str,
        *,
        address: str | None = None,
        agent: str | None = None,
        page_key: str | None = None,
    ) -> TokenPair:
        """A new session. See `AuthService.login`."""
        user: Row[Any] | None = None
        try:
            await self.throttle.admit_address(address)
            user, known = await self._find(username, address)
            if not known:
                await self.throttle.admit_unknown_address(address)
            key = await self.throttle.begin(username, network_of(address) if known else None)
            claims = await self._checked(user, password, key, _Place(address, agent, page_key), known=known)
        except (Unauthenticated, LimitReached) as refusal:
            self.audit.record(
                "auth.login",
                "denied",
                user_id=user.id if user else None,
                address=address,
                detail={"code": refusal.code},
            )
            raise
        self.audit.record("auth.login", user_id=claims.user_id, address=address, object_id=claims.session_id)
        return self.issuer.pair(claims)

    async def _find(self, username: str, address: str | None) -> tuple[Row[Any] | None, bool]:
        """The user, and whether they have signed in from there before."""
        network = network_of(address)

        def work(connection: Connection) -> tuple[Row[Any] | None, bool]:
            return users.find_by_name(connection, username), users.knows_address(connection, username, network)

        return await self.db.read(work)

    async def _checked(self, user: Row[Any] | None, password: str, key: str, place: _Place, *, known: bool) -> Claims:
        """The session's claims, once the password was right and the session is stored."""
        try:
            found = await self._verified(user, password, known=known)
            claims = await self._store(found, password, place)
        except Unauthenticated:
            raise
        except ScannerError:
            await self.throttle.withdraw(key)  # busy: nobody knows whether the password was right
            raise
        await self.throttle.succeed(key)
        return claims

    async def _verified(self, user: Row[Any] | None, password: str, *, known: bool) -> Row[Any]:
        stored = user.password_hash if user else None
        if not await self.passwords.verify(password, stored, known=known) or user is None:
            raise Unauthenticated(code="invalid_credentials")
        if not user.is_active:
            raise Unauthenticated(code="user_disabled")
        return user

    async def _store(self, user: Row[Any], password: str, place: _Place) -> Claims:
        stronger = await self.passwords.hash(password) if self.passwords.needs_rehash(user.password_hash) else None
        claims = self.issuer.claims(user, new_id())
        await self.db.write(lambda connection: self._add(connection, user, claims, stronger, place))
        return claims

    def _add(self, connection: Connection, user: Row[Any], claims: Claims, stronger: str | None, place: _Place) -> None:
        current = users.find(connection, user.id)  # the password check took its time
        if current is None or not current.is_active or current.token_version != user.token_version:
            raise Unauthenticated(code="invalid_token")
        now = self.clock.now()
        changes: dict[str, Any] = {"last_login_at": now}
        users.change(connection, user.id, changes if stronger is None else {**changes, "password_hash": stronger})
        sessions.add(
            connection,
            session_id=claims.session_id,
            user_id=user.id,
            now=now,
            expires_at=claims.expires_at,
            refresh_jti=claims.token_id,
            address=place.address,
            agent=place.agent,
            page_key=place.page_key,
        )
        users.remember_address(connection, user.id, network_of(place.address), now=now)
