"""One-time tickets: what opens a WebSocket without a token that lives on in an address or a log."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import LimitReached, Unauthenticated
from app.core.identity import Identity
from app.services.ports import TicketStore

TICKET_BYTES: Final = 24  # of randomness; 32 characters
MAX_TICKET: Final = 128  # characters of what is looked up at all
MAX_OPEN: Final = 20_000
MAX_OPEN_PER_USER: Final = 50


@dataclass(frozen=True, slots=True)
class Ticket:
    """`expires_in` in seconds."""

    ticket: str
    expires_in: int


class Tickets:
    """Issues and redeems. A ticket stands for the identity of one access token, and for its session."""

    def __init__(self, *, settings: Settings, store: TicketStore) -> None:
        self._ttl_s = settings.ticket_ttl_s
        self._store = store

    async def issue(self, identity: Identity) -> Ticket:
        """Raises LimitReached."""
        ticket = secrets.token_urlsafe(TICKET_BYTES)
        await self._store.put(_digest(ticket), identity, ttl_s=self._ttl_s)
        return Ticket(ticket, self._ttl_s)

    async def redeem(self, ticket: str) -> Identity:
        """Who it was issued to, as they were then; it is void from here on.

        Raises Unauthenticated (`invalid_token`).
        """
        identity = await self._store.take(_digest(ticket)) if len(ticket) <= MAX_TICKET else None
        if identity is None:
            raise Unauthenticated("The ticket is not valid.", code="invalid_token")
        return identity


class MemoryTickets:
    """A `TicketStore` of one process.

    Bounded: a user's oldest ticket goes when they hold more than `per_user`; when all together hold more than `total`
    nobody gets another until some have expired.
    """

    def __init__(self, *, clock: Clock, total: int = MAX_OPEN, per_user: int = MAX_OPEN_PER_USER) -> None:
        self._clock = clock
        self._total = total
        self._per_user = per_user
        self._open: dict[str, tuple[float, Identity]] = {}  # by digest; with the monotonic time of its end
        self._of_user: dict[str, dict[str, None]] = {}  # digests, oldest first

    async def put(self, digest: str, identity: Identity, *, ttl_s: float) -> None:
        self._forget_expired()
        own = self._of_user.get(identity.user_id, {})
        if len(own) >= self._per_user:
            self._remove(next(iter(own)))
        if len(self._open) >= self._total:
            raise LimitReached("Too many open tickets; try again in a moment.", retry_after_s=ttl_s)
        self._open[digest] = (self._clock.monotonic() + ttl_s, identity)
        self._of_user.setdefault(identity.user_id, {})[digest] = None

    async def take(self, digest: str) -> Identity | None:
        self._forget_expired()
        return self._remove(digest)

    def __len__(self) -> int:
        return len(self._open)

    def _forget_expired(self) -> None:
        """They all live equally long, so the oldest end first."""
        now = self._clock.monotonic()
        while self._open:
            digest = next(iter(self._open))
            if self._open[digest][0] > now:
                return
            self._remove(digest)

    def _remove(self, digest: str) -> Identity | None:
        found = self._open.pop(digest, None)
        if found is None:
            return None
        identity = found[1]
        own = self._of_user[identity.user_id]
        del own[digest]
        if not own:
            del self._of_user[identity.user_id]
        return identity


def _digest(ticket: str) -> str:
    """What is kept opens nothing."""
    return hashlib.sha256(ticket.encode(errors="replace")).hexdigest()
