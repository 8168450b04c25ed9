"""Authentication by API keys and read-only links: the part of `AuthService` without sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.core.errors import ScannerError
from app.core.opaque_tokens import KEY, digest_of, is_well_formed
from app.core.principal import Principal
from app.identity.api_keys import ApiKeys
from app.identity.links import Links
from app.identity.token_uses import TokenUses

MAX_TURNS: Final = 10_000  # keys and links whose users are cached
OnChecked = Callable[[str, str], None]  # called with the kind of token, `key` or `link`, and the outcome


@dataclass(kw_only=True, eq=False, repr=False)
class OpaqueAccess:
    """Keys and links of all users, and their uses."""

    keys: ApiKeys
    links: Links
    uses: TokenUses
    on_checked: OnChecked
    _turns: dict[str, str] = field(default_factory=dict, init=False)  # by digest, the most recently used last

    async def authenticate(self, token: str) -> Principal:
        """See `Authenticator`, for a token that `is_opaque`."""
        is_key = token.startswith(KEY)
        try:
            principal = await (self.keys.authenticate(token) if is_key else self.links.authenticate(token))
        except ScannerError as refusal:
            self.on_checked("key" if is_key else "link", refusal.code)
            raise
        digest = digest_of(token)
        self._turns.pop(digest, None)
        self._turns[digest] = principal.waits_as
        if len(self._turns) > MAX_TURNS:
            del self._turns[next(iter(self._turns))]
        return principal

    def note_use(self, principal: Principal) -> None:
        """See `Authenticator`."""
        self.on_checked("link" if principal.link_id else "key", "ok")
        self.uses.note(principal)

    def note_denied(self, error: ScannerError, principal: Principal | None, *, address: str | None) -> None:
        """See `Authenticator`."""
        if principal is not None:
            self.on_checked("link" if principal.link_id else "key", error.code)
        self.keys.note_denied(error, principal, address=address)

    def turn_of(self, token: str) -> str | None:
        """Return the queue of requests with the token: that of its user if known, otherwise of the token itself; None:
        the token is not valid.
        """
        digest = digest_of(token)
        return self._turns.get(digest, f"token {digest}") if is_well_formed(token) else None
