"""A user's own sessions: which there are, and how one, or all others, are ended."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from app.core.clock import to_wire
from app.core.errors import NotFound
from app.core.json_chunks import Json
from app.core.principal import Principal
from app.core.redact import display_text
from app.events.bus.base import AccessHint
from app.identity.auth import AuthService
from app.identity.queries import sessions


@dataclass(frozen=True, slots=True)
class OwnSessions:
    """The sessions of `AuthService`, as their owner sees them."""

    auth: AuthService

    async def list_open(self, principal: Principal) -> list[Json]:
        """Return those that have not ended, as `identity.schemas.auth.SessionInfo`, the last used first."""
        now = self.auth.clock.now()
        rows = await self.auth.db.read(lambda c: sessions.open_of(c, principal.user_id, now=now))
        told = [_session(row, is_current=row.id == principal.session_id) for row in rows]
        return sorted(told, key=lambda one: (one["is_current"], one["last_used_at"]), reverse=True)

    async def end(self, principal: Principal, session_id: str) -> None:
        """End one of them; this one, too. Raises NotFound for one that has ended, and for somebody else's."""
        now = self.auth.clock.now()
        ended = await self.auth.db.write(
            lambda c: sessions.revoke_some(c, principal.user_id, now=now, session_id=session_id)
        )
        if not ended:
            raise NotFound(text="no_such_session")
        self.auth.bus.publish(AccessHint(principal.user_id, session_id))
        self._record("auth.end_session", principal, object_id=session_id)

    async def end_others(self, principal: Principal) -> int:
        """End all but this one; return how many there were."""
        now = self.auth.clock.now()
        ended = await self.auth.db.write(
            lambda c: sessions.revoke_some(c, principal.user_id, now=now, besides=principal.session_id)
        )
        self.auth.bus.publish(AccessHint(principal.user_id))
        self._record("auth.end_other_sessions", principal, detail={"count": ended})
        return ended

    def _record(self, action: str, principal: Principal, **more: Any) -> None:
        self.auth.audit.record(action, user_id=principal.user_id, address=principal.address, **more)


def _session(row: Row[Any], *, is_current: bool) -> Json:
    return {
        "session_id": row.id,
        "created_at": to_wire(row.created_at),
        "last_used_at": to_wire(row.rotated_at or row.created_at),
        "expires_at": to_wire(row.expires_at),
        "address": row.address,
        "agent": None if row.agent is None else display_text(row.agent),
        "is_current": is_current,
    }
