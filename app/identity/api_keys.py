"""API keys: tokens that a user creates for programs, with some of the user's rights, until they are revoked or expire.

A key never has more rights than its user: keys of disabled users are refused, and keys of former administrators no
longer act as administrators. A user's own password change does not affect keys, because programs do not use the
password; a password set by an administrator, and a deactivation, revoke them (`identity.users`).
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row

from app.core.clock import Clock, to_wire
from app.core.data_loader import DataLoader
from app.core.db import Database
from app.core.errors import Conflict, Forbidden, InvalidInput, NotFound, ScannerError, Unauthenticated
from app.core.ids import new_id
from app.core.json_chunks import Json
from app.core.live_settings import SettingsSource
from app.core.opaque_tokens import KEY, SHOWN, TokenRefused, digest_of, is_well_formed, new_token
from app.core.principal import ADMIN, Principal, Role
from app.core.scopes import Scope
from app.events.bus.base import AccessHint, Publisher
from app.identity.audit import AuditTrail
from app.identity.queries import api_keys, sessions, users


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just created: `key` is shown once."""

    key: str
    info: Json  # as in the list


@dataclass(kw_only=True, eq=False, repr=False)
class ApiKeys:
    """The keys of all users. Concurrent requests share one database lookup."""

    settings: SettingsSource
    db: Database
    bus: Publisher
    clock: Clock
    audit: AuditTrail

    def __post_init__(self) -> None:
        self._by_digest: DataLoader[str, Row[Any]] = DataLoader(self._read_digests)

    async def authenticate(self, key: str) -> Principal:
        """Return the principal of the key. Raises TokenRefused, which says what became of the key, but only to who has
        all of it: the digest is that of the key with its secret.
        """
        if not is_well_formed(key):
            raise TokenRefused(code="invalid_token")
        digest = digest_of(key)
        row = await self._by_digest.get(digest)
        if row is None or not hmac.compare_digest(row.digest, digest):
            raise TokenRefused(code="invalid_token")
        return self._principal(row)

    async def find(self, key_id: str) -> Principal:
        """Return the principal of a key by its id, as for a ticket. Raises TokenRefused."""
        rows = await self.db.read(lambda connection: api_keys.list_by_id(connection, [key_id]))
        if not rows:
            raise TokenRefused(code="invalid_token")
        return self._principal(rows[0])

    async def ended(self, principals: Sequence[Principal]) -> Mapping[Principal, str]:
        """See `Authenticator.ended`, of principals with keys. An expired one is found by its `expires_at`."""
        ids = sorted({principal.key_id for principal in principals})
        if not ids:
            return {}
        rows = await self.db.read(lambda connection: api_keys.list_by_id(connection, ids))
        known = {row.id: row for row in rows}
        reasons = {principal: _ending(principal, known.get(principal.key_id)) for principal in principals}
        return {principal: reason for principal, reason in reasons.items() if reason}

    async def create(
        self,
        principal: Principal,
        *,
        name: str,
        scopes: Collection[Scope],
        expires_in_s: int | None,
        group: str | None = None,
    ) -> NewKey:
        """Create a key of the user; `group`: limited to their sites of this group, which need not exist yet.

        Raises:
            Forbidden: `admin_only` or `read_only`, for a key with more rights than its user.
            InvalidInput: `lifetime_too_long`.
            Conflict: `key_limit`.
        """
        settings = self.settings.current
        if principal.is_reader and (group is not None or not principal.key_scopes.issuperset(scopes)):
            raise Forbidden(code="read_only")
        if Scope.ADMIN in scopes and not principal.is_admin:
            raise Forbidden(code="admin_only")
        if expires_in_s is not None and expires_in_s > settings.api_key_max_ttl_s:
            raise InvalidInput(code="lifetime_too_long", limit=settings.api_key_max_ttl_s // 86_400)
        life_s = settings.api_key_ttl_s if expires_in_s is None else expires_in_s
        now, key, key_id = self.clock.now(), new_token(KEY), new_id()
        values: Json = {
            "id": key_id,
            "user_id": principal.user_id,
            "name": name,
            "digest": digest_of(key),
            "prefix": key[:SHOWN],
            "scopes": " ".join(scope for scope in Scope if scope in scopes),
            "group_name": group,
            "created_at": now,
            "expires_at": now + timedelta(seconds=life_s),
            "networks": [],
        }

        def work(connection: Connection) -> Row[Any]:
            users.lock(connection, principal.user_id)
            if not sessions.is_open(connection, principal, now=now):
                raise Unauthenticated(code="invalid_token")  # the session ended while this waited for the lock
            if api_keys.count_open(connection, principal.user_id, now=now) >= settings.api_keys_per_user:
                raise Conflict(code="key_limit", limit=settings.api_keys_per_user)
            api_keys.add(connection, values)
            return api_keys.list_by_id(connection, [key_id])[0]

        row = await self.db.write(work)
        detail = {"scopes": row.scopes.split(), "days": life_s // 86_400}
        if group is not None:
            detail["group"] = group
        self._record("key.create", principal, object_id=row.id, detail=detail)
        return NewKey(key, self._info(row))

    async def list_own(self, principal: Principal) -> list[Json]:
        """Return the user's keys as `identity.schemas.keys.KeyInfo`, the newest first; revoked ones are left out."""
        rows = await self.db.read(lambda connection: api_keys.list_of_user(connection, principal.user_id))
        return [self._info(row) for row in rows]

    async def revoke(self, principal: Principal, key_id: str | None = None) -> int:
        """Revoke one key of the user, or all; return their number. Raises NotFound for an unknown or revoked key."""
        now = self.clock.now()
        ended = await self.db.write(
            lambda connection: api_keys.revoke(connection, principal.user_id, now=now, key_id=key_id)
        )
        if key_id is not None and not ended:
            raise NotFound(text="no_such_key")
        self.bus.publish(AccessHint(principal.user_id))
        for one in ended:
            self._record("key.revoke", principal, object_id=one)
        return len(ended)

    def note_denied(self, error: ScannerError, principal: Principal | None, *, address: str | None) -> None:
        """Record why a key was refused, with its user if known."""
        user_id, key_id = None, None
        if principal is not None:
            user_id, key_id = principal.user_id, principal.key_id or principal.link_id
        elif isinstance(error, TokenRefused):
            user_id, key_id = error.user_id, error.key_id
        self.audit.record(
            "key.use", "denied", user_id=user_id, address=address, object_id=key_id, detail={"code": error.text_key}
        )

    def _principal(self, row: Row[Any]) -> Principal:
        """Return the principal. A disabled user is checked before a revoked key, because disabling revokes keys, and
        the client is to get the actual reason.
        """
        whose = {"user_id": row.user_id, "key_id": row.id}
        if not row.is_active:
            raise TokenRefused(code="user_disabled", **whose)
        if row.revoked_at is not None:
            raise TokenRefused(code="invalid_token", text="revoked_key", **whose)
        if row.expires_at <= self.clock.now():
            raise TokenRefused(code="expired_token", text="expired_key", **whose)
        return _with_rights(row)

    async def _read_digests(self, digests: Sequence[str]) -> dict[str, Row[Any]]:
        rows = await self.db.read(lambda connection: api_keys.list_by_digest(connection, digests))
        return {row.digest: row for row in rows}

    def _info(self, row: Row[Any]) -> Json:
        return {
            "key_id": row.id,
            "name": row.name,
            "prefix": row.prefix,
            "scopes": row.scopes.split(),
            "group": row.group_name,
            "created_at": to_wire(row.created_at),
            "expires_at": to_wire(row.expires_at),
            "is_expired": row.expires_at <= self.clock.now(),
            "last_used_at": None if row.last_used_at is None else to_wire(row.last_used_at),
            "last_network": row.networks[0] if row.networks else None,
        }

    def _record(self, action: str, principal: Principal, **more: Any) -> None:
        self.audit.record(action, user_id=principal.user_id, address=principal.address, **more)


def _with_rights(row: Row[Any]) -> Principal:
    """Return the key's user with the rights of the key: those of its scopes that the user has.

    One that is for a group acts as no administrator: the group is one of its user's own.
    """
    scopes, group = frozenset(Scope(scope) for scope in row.scopes.split()), row.group_name
    acts_as_admin = Scope.ADMIN in scopes and group is None
    role: Role = row.role if row.role != ADMIN or acts_as_admin else "user"
    return Principal(row.user_id, row.username, role, "", row.expires_at, key_id=row.id, scopes=scopes, group=group)


def _ending(principal: Principal, row: Row[Any] | None) -> str | None:
    """Return why the principal is no longer valid, or None. Rows are kept until long after the key has ended."""
    if row is None:
        return "key_revoked"
    if not row.is_active:
        return "user_disabled"
    if row.revoked_at is not None:
        return "key_revoked"
    return None if replace(_with_rights(row), address=principal.address) == principal else "role_changed"
