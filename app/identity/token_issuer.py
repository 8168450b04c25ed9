"""Pairs of tokens for a session."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from app.core.clock import Clock
from app.core.ids import new_id
from app.core.live_settings import SettingsSource
from app.core.security import Claims, Tokens


@dataclass(frozen=True, slots=True)
class TokenPair:
    """`expires_in` is of the access token, in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105 - RFC 6750


@dataclass(kw_only=True, eq=False, repr=False)
class TokenIssuer:
    """Makes claims and signs them."""

    settings: SettingsSource
    clock: Clock
    tokens: Tokens

    def claims(self, user: Row[Any], session_id: str) -> Claims:
        """Make the claims of a fresh refresh token; the session lives as long."""
        expires_at = self._in(self.settings.current.refresh_token_ttl_s)
        return Claims(user.id, session_id, user.token_version, new_id(), expires_at)

    def pair(self, claims: Claims) -> TokenPair:
        """Sign the refresh token of these claims, and an access token that does not outlive it."""
        settings = self.settings.current
        ttl_s = min(settings.access_token_ttl_s, settings.refresh_token_ttl_s)
        access = Claims(claims.user_id, claims.session_id, claims.token_version, new_id(), self._in(ttl_s))
        return TokenPair(self.tokens.issue("access", access), self.tokens.issue("refresh", claims), ttl_s)

    def _in(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)
