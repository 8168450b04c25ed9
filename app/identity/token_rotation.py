"""Refresh tokens: each serves once, and only in the channel that its session was opened for."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Unauthenticated
from app.core.security import Claims, Tokens
from app.events.bus.base import AccessHint, Publisher
from app.identity.audit import AuditTrail
from app.identity.login_throttle import LoginThrottle
from app.identity.queries import sessions
from app.identity.session_checks import check_claims, may_travel
from app.identity.token_issuer import TokenIssuer, TokenPair

# For the audit log; the client that sent the token is told `invalid_token`.
INTERNAL_CODES: Final = frozenset({"token_reused", "wrong_channel"})


@dataclass(kw_only=True, eq=False, repr=False)
class TokenRotation:
    """Each refusal is an audit row with its code."""

    db: Database
    bus: Publisher
    clock: Clock
    tokens: Tokens
    issuer: TokenIssuer
    throttle: LoginThrottle
    audit: AuditTrail

    async def refresh(self, token: str, *, address: str | None, page_key: str | None, late_s: float) -> TokenPair:
        """See `AuthService.refresh`."""
        try:
            old = self.tokens.read(token, "refresh")
        except Unauthenticated as refusal:
            self.audit.record("auth.refresh", "denied", address=address, detail={"code": refusal.code})
            await self.throttle.admit_bad_token(address)
            raise
        row = await self._find(old.session_id)
        if row is not None and row.channel == sessions.COOKIE and not may_travel(row, page_key):
            self._record_denied(old, "wrong_channel", address)
            await self.throttle.admit_bad_token(address)  # not the session's rate: its page waits for nobody else
            raise Unauthenticated(code="invalid_token")
        await self.throttle.admit_refresh(old.session_id)
        outcome = await self.db.write(lambda connection: self._rotate(connection, old, page_key, late_s))
        if isinstance(outcome, Claims):
            return self.issuer.pair(outcome)
        self._record_denied(old, outcome.code, address)
        if outcome.code == "token_reused":
            self.bus.publish(AccessHint(old.user_id, old.session_id))
        if outcome.code in INTERNAL_CODES:
            raise Unauthenticated(code="invalid_token")
        raise outcome

    async def _find(self, session_id: str) -> Row[Any] | None:
        return await self.db.read(lambda connection: sessions.find_with_user(connection, session_id))

    def _rotate(
        self, connection: Connection, old: Claims, page_key: str | None, late_s: float
    ) -> Claims | Unauthenticated:
        """A refusal is returned, not raised: the revocation must commit."""
        now = self.clock.now()
        try:
            row = check_claims(sessions.find_with_user(connection, old.session_id), old, now)
        except Unauthenticated as refusal:
            return refusal
        if not may_travel(row, page_key):
            if row.channel == sessions.COOKIE or row.refresh_jti == old.token_id:
                return Unauthenticated(code="wrong_channel")
            return self._end_reused(connection, old, now)
        new = self.issuer.claims(row, old.session_id)
        if sessions.rotate(
            connection,
            old.session_id,
            old_jti=old.token_id,
            new_jti=new.token_id,
            now=now,
            expires_at=new.expires_at,
            page_key=page_key,
        ):
            return new
        last = sessions.find_with_user(connection, old.session_id)  # the one that was faster has changed it
        if last is not None and _is_late(last, old, now=now, late_s=late_s):
            return replace(new, token_id=last.refresh_jti, expires_at=last.session_expires_at)
        return self._end_reused(connection, old, now)

    def _end_reused(self, connection: Connection, old: Claims, now: datetime) -> Unauthenticated:
        sessions.revoke(connection, old.session_id, now=now)
        return Unauthenticated(code="token_reused")

    def _record_denied(self, old: Claims, code: str, address: str | None) -> None:
        self.audit.record(
            "auth.refresh",
            "denied",
            user_id=old.user_id,
            address=address,
            object_id=old.session_id,
            detail={"code": code},
        )


def _is_late(row: Row[Any], old: Claims, *, now: datetime, late_s: float) -> bool:
    """Whether a tab uses the token of its page a little after another tab did.

    It is said of sessions of pages alone, and not of one from before the key, which may be a program's.
    """
    if row.channel != sessions.COOKIE or row.previous_jti != old.token_id:
        return False
    return bool((now - row.rotated_at).total_seconds() < late_s)
