"""What API keys and read-only links let in: the part of `AuthService` that does not know sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.core.errors import ScannerError
from app.core.opaque_tokens import KEY, digest_of, is_well_formed
from app.core.principal import Principal
from app.identity.api_keys import ApiKeys
from app.identity.links import Links
from app.identity.token_uses import TokenUses

MAX_TURNS: Final = 10_000  # keys and links whose users are known before the database is asked
OnChecked = Callable[[str, str], None]  # is told the kind of token, `key` or `link`, and the outcome


@dataclass(kw_only=True, eq=False, repr=False)
class OpaqueAccess:
    """Keys and links of all users, and when they are used."""

    keys: ApiKeys
    links: Links
    uses: TokenUses
    on_checked: OnChecked
    _turns: dict[str, str] = field(default_factory=dict, init=False)  # by digest; what was seen last is the last

    async def authenticate(self, token: str) -> Principal:
        """See `Authenticator`, of a token that `is_opaque`."""
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
        """Return by whom requests with the token take their turns: its user where that is known, otherwise the token
        itself; None: it is none of ours.
        """
        digest = digest_of(token)
        return self._turns.get(digest, f"token {digest}") if is_well_formed(token) else None
