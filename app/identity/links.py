"""Read-only links: each shows one scan to anyone who has it, until it expires or is revoked.

A link shows the scan as its creator sees it, and ends when the creator may no longer see it. An invalid link gets the
response for a missing scan, whatever the reason.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row

from app.core.clock import Clock, to_wire
from app.core.data_loader import DataLoader
from app.core.db import Database
from app.core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from app.core.ids import new_id
from app.core.json_chunks import Json
from app.core.live_settings import SettingsSource
from app.core.opaque_tokens import LINK, SHOWN, digest_of, is_well_formed, new_token
from app.core.principal import READER_ROUTES, Principal
from app.identity.audit import AuditTrail
from app.identity.queries import links, sessions, users


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was just created: `token` is shown once."""

    token: str
    info: Json  # as in the list


@dataclass(kw_only=True, eq=False, repr=False)
class Links:
    """The links of all scans. The caller checks whether a user may see the scan."""

    settings: SettingsSource
    db: Database
    clock: Clock
    audit: AuditTrail

    def __post_init__(self) -> None:
        self._by_digest: DataLoader[str, Row[Any]] = DataLoader(self._read_digests)

    async def authenticate(self, token: str) -> Principal:
        """Return a principal restricted to the link's scan. Raises NotFound, as for a missing scan."""
        digest = digest_of(token)
        row = await self._by_digest.get(digest) if is_well_formed(token) else None
        if row is None or not hmac.compare_digest(row.digest, digest):
            raise NotFound(text="no_such_task")
        if not row.is_active or row.revoked_at is not None or row.expires_at <= self.clock.now():
            raise NotFound(text="no_such_task")
        if row.role in READER_ROUTES:  # it was being created while its user got such a role
            raise NotFound(text="no_such_task")
        return Principal(row.user_id, row.username, row.role, "", row.expires_at, link_id=row.id, task_id=row.task_id)

    async def create(self, principal: Principal, task_id: str, *, expires_in_s: int) -> NewLink:
        """Create a link to a scan that the principal may see.

        Raises InvalidInput (`lifetime_too_long`), Conflict (`link_limit`).
        """
        settings = self.settings.current
        if expires_in_s > settings.link_max_ttl_s:
            raise InvalidInput(code="lifetime_too_long", limit=settings.link_max_ttl_s // 86_400)
        now, token = self.clock.now(), new_token(LINK)
        values = {
            "id": new_id(),
            "task_id": task_id,
            "user_id": principal.user_id,
            "digest": digest_of(token),
            "prefix": token[:SHOWN],
            "created_at": now,
            "expires_at": now + timedelta(seconds=expires_in_s),
        }

        def work(connection: Connection) -> Row[Any]:
            users.lock(connection, principal.user_id)
            if not sessions.is_open(connection, principal, now=now):
                raise Unauthenticated(code="invalid_token")  # the session ended while this waited for the lock
            if links.count_open(connection, task_id, now=now) >= settings.links_per_task:
                raise Conflict(code="link_limit", limit=settings.links_per_task)
            links.add(connection, values)
            return links.list_of_task(connection, task_id, now=now, limit=1)[0]

        row = await self.db.write(work)
        detail = {"task": task_id, "days": expires_in_s // 86_400}
        self._record("link.create", principal, object_id=row.id, detail=detail)
        return NewLink(token, _info(row))

    async def list_of(self, task_id: str) -> list[Json]:
        """Return the valid links to the scan as `scans.schemas.links.LinkInfo`, newest first."""
        now, limit = self.clock.now(), self.settings.current.links_per_task
        rows = await self.db.read(lambda connection: links.list_of_task(connection, task_id, now=now, limit=limit))
        return [_info(row) for row in rows]

    async def revoke(self, principal: Principal, task_id: str, link_id: str) -> None:
        """Revoke a link to a scan that the principal may see. Raises NotFound for an invalid link."""
        now = self.clock.now()
        if not await self.db.write(lambda connection: links.revoke(connection, task_id, link_id, now=now)):
            raise NotFound(text="no_such_link")
        self._record("link.revoke", principal, object_id=link_id, detail={"task": task_id})

    async def _read_digests(self, digests: Sequence[str]) -> dict[str, Row[Any]]:
        rows = await self.db.read(lambda connection: links.list_by_digest(connection, digests))
        return {row.digest: row for row in rows}

    def _record(self, action: str, principal: Principal, **more: Any) -> None:
        self.audit.record(action, user_id=principal.user_id, address=principal.address, **more)


def _info(row: Row[Any]) -> Json:
    return {
        "link_id": row.id,
        "prefix": row.prefix,
        "created_by": row.username,
        "created_at": to_wire(row.created_at),
        "expires_at": to_wire(row.expires_at),
        "last_used_at": None if row.last_used_at is None else to_wire(row.last_used_at),
        "requests": row.requests,
    }
