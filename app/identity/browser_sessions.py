"""Sessions of browsers: what renews them is a cookie that no script can read, and the key of the page (ADR 0060)."""

from dataclasses import dataclass
from typing import Final

from app.core.errors import Unauthenticated
from app.identity.auth import AuthService
from app.identity.token_issuer import TokenPair

# A page waits 20 s for an answer; one that never came may have been on its way, and tabs refresh at the same moment.
LATE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """`refresh_token` is for the cookie; the rest is for the page. What expires does so in so many seconds."""

    session_id: str
    username: str
    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int


@dataclass(frozen=True, slots=True)
class BrowserSessions:
    """The sessions of `AuthService`, as a browser needs them. `page_key` is the digest of the page's key."""

    auth: AuthService

    async def open(
        self, username: str, password: str, *, page_key: str, address: str | None, agent: str | None = None
    ) -> BrowserSession:
        """Return a new session, bound to the page's key. Raises as `AuthService.login`."""
        pair = await self.auth.login(username, password, address=address, agent=agent, page_key=page_key)
        return await self._session(pair)

    async def renew(self, token: str | None, *, page_key: str, address: str | None) -> BrowserSession:
        """Return the session of a cookie's token, which is void then but for `LATE_S`. None: there was no cookie.

        Raises as `AuthService.refresh`; also Unauthenticated with `missing_token`, which counts as no try.
        """
        if token is None:
            raise Unauthenticated(code="missing_token")
        pair = await self.auth.refresh(token, address=address, page_key=page_key, late_s=LATE_S)
        return await self._session(pair)

    async def close(self, token: str | None, *, page_key: str, address: str | None) -> None:
        """End the session of a cookie's token. A token that is none any more, or another page's, ends nothing, and that
        is no error.
        """
        try:
            claims = self.auth.tokens.read(token, "refresh")
        except Unauthenticated:
            return
        await self.auth.end_page_session(claims, page_key, address=address)

    async def _session(self, pair: TokenPair) -> BrowserSession:
        who = await self.auth.authenticate(pair.access_token)
        until = self.auth.tokens.read(pair.refresh_token, "refresh").expires_at
        left_s = int((until - self.auth.clock.now()).total_seconds())
        return BrowserSession(
            who.session_id, who.username, pair.access_token, pair.expires_in, pair.refresh_token, left_s
        )
