"""One-time tickets: what opens a WebSocket without a token that lives on in an address or a log."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.errors import LimitReached, Unauthenticated
from app.core.principal import Principal
from app.identity.queries import tickets, users

TICKET_BYTES: Final = 24  # of randomness; 32 characters
MAX_TICKET: Final = 128  # characters of what is looked up at all
MAX_OPEN: Final = 20_000
MAX_OPEN_PER_USER: Final = 50


@dataclass(frozen=True, slots=True)
class Ticket:
    """`expires_in` in seconds."""

    ticket: str
    expires_in: int


class OpenTickets(Protocol):
    """The tickets that were issued and not redeemed."""

    async def put(self, digest: str, principal: Principal, *, ttl_s: float) -> None:
        """Keep one for so long. Raises LimitReached."""
        ...

    async def take(self, digest: str) -> Principal | None:
        """Remove it and return what it stands for; None: it is not there any more, or never was."""
        ...


class TicketStore:
    """Fulfils `OpenTickets` for the one process that issues them.

    Bounded: a user's oldest ticket goes when they hold more than `per_user`; when all together hold more than `total`
    nobody gets another until some have expired.
    """

    def __init__(self, *, clock: Clock, total: int = MAX_OPEN, per_user: int = MAX_OPEN_PER_USER) -> None:
        self._clock = clock
        self._total = total
        self._per_user = per_user
        self._open: dict[str, tuple[float, Principal]] = {}  # by digest; with the monotonic time of its end
        self._of_user: dict[str, dict[str, None]] = {}  # digests, oldest first

    async def put(self, digest: str, principal: Principal, *, ttl_s: float) -> None:
        self._forget_expired()
        own = self._of_user.get(principal.user_id, {})
        if len(own) >= self._per_user:
            self._remove(next(iter(own)))
        if len(self._open) >= self._total:
            raise LimitReached(text="too_many_tickets", retry_after_s=ttl_s)
        self._open[digest] = (self._clock.monotonic() + ttl_s, principal)
        self._of_user.setdefault(principal.user_id, {})[digest] = None

    async def take(self, digest: str) -> Principal | None:
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

    def _remove(self, digest: str) -> Principal | None:
        found = self._open.pop(digest, None)
        if found is None:
            return None
        principal = found[1]
        own = self._of_user[principal.user_id]
        del own[digest]
        if not own:
            del self._of_user[principal.user_id]
        return principal


class SharedTicketStore:
    """Fulfils `OpenTickets` with the database that several servers share, with the same bounds over all of them."""

    def __init__(self, *, db: Database, total: int = MAX_OPEN, per_user: int = MAX_OPEN_PER_USER) -> None:
        self._db = db
        self._total = total
        self._per_user = per_user

    async def put(self, digest: str, principal: Principal, *, ttl_s: float) -> None:
        def work(connection: Connection) -> None:
            users.lock(connection, principal.user_id)
            tickets.forget_expired(connection)
            tickets.forget_oldest(connection, principal.user_id, keep=self._per_user - 1)
            if tickets.are_as_many(connection, self._total):
                raise LimitReached(text="too_many_tickets", retry_after_s=ttl_s)
            tickets.add(connection, digest, principal, ttl_s=ttl_s)

        await self._db.write(work)

    async def take(self, digest: str) -> Principal | None:
        return await self._db.write(lambda connection: tickets.take(connection, digest))


class Tickets:
    """Issues and redeems. A ticket stands for the principal of one access token, and for its session."""

    def __init__(self, *, settings: Settings, store: OpenTickets) -> None:
        self._ttl_s = settings.ticket_ttl_s
        self._store = store

    async def issue(self, principal: Principal) -> Ticket:
        """Raises LimitReached."""
        ticket = secrets.token_urlsafe(TICKET_BYTES)
        await self._store.put(_digest(ticket), principal, ttl_s=self._ttl_s)
        return Ticket(ticket, self._ttl_s)

    async def redeem(self, ticket: str) -> Principal:
        """Return the principal that it was issued to, as of then; the ticket is void afterwards.

        Raises Unauthenticated (`invalid_token`).
        """
        principal = await self._store.take(_digest(ticket)) if len(ticket) <= MAX_TICKET else None
        if principal is None:
            raise Unauthenticated(code="invalid_token", text="invalid_ticket")
        return principal


def _digest(ticket: str) -> str:
    """Return the form that is stored, which cannot be used as a ticket."""
    return hashlib.sha256(ticket.encode(errors="replace")).hexdigest()
