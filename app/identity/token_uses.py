"""The uses of keys and links in one process, written once a minute instead of during requests.

The first use of a key from a new network is recorded in the audit log. The uses of a link are recorded with their
number, at most once an hour.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Final

import structlog
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Unavailable
from app.core.limits import network_of
from app.core.principal import Principal
from app.identity.audit import AuditTrail
from app.identity.queries import api_keys, links

EVERY_S: Final = 60.0
LINK_AUDIT_S: Final = 3_600.0  # between two rows of the audit log about one link
MAX_NOTED: Final = 10_000  # keys and links between two writes; uses of further ones are not recorded
MAX_NETWORKS: Final = 20  # newest networks that are stored for a key
MAX_NEW_NETWORKS: Final = 20  # of one key between two writes
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Uses:
    """Uses of one key or link since the last write."""

    user_id: str
    at: datetime
    requests: int = 0
    networks: dict[str, str | None] = field(default_factory=dict)  # each with one of its addresses


@dataclass(slots=True)
class _LinkCount:
    """Uses of a link that are not in the audit log yet."""

    user_id: str
    requests: int = 0
    recorded_at: float | None = None  # of the last row, monotonic


@dataclass(kw_only=True, eq=False, repr=False)
class TokenUses:
    """Collects uses in memory, without waiting, and writes them."""

    db: Database
    clock: Clock
    audit: AuditTrail
    _keys: dict[str, _Uses] = field(default_factory=dict, init=False)
    _links: dict[str, _Uses] = field(default_factory=dict, init=False)
    _link_counts: dict[str, _LinkCount] = field(default_factory=dict, init=False)
    _some: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def note(self, principal: Principal) -> None:
        """Record a use of the principal's key or link."""
        noted = self._keys if principal.key_id else self._links
        token_id = principal.key_id or principal.link_id
        if token_id not in noted and len(self._keys) + len(self._links) >= MAX_NOTED:
            return
        uses = noted.setdefault(token_id, _Uses(principal.user_id, self.clock.now()))
        uses.at = self.clock.now()
        uses.requests += 1
        if len(uses.networks) < MAX_NEW_NETWORKS:
            uses.networks[network_of(principal.address)] = principal.address
        self._some.set()

    async def keep_written(self) -> None:
        """Write the uses once a minute, until cancelled."""
        while True:
            await self._some.wait()
            try:
                await self.write()
            except Unavailable:
                log.warning("token_uses_not_written", count=len(self._keys) + len(self._links))
            await self.clock.sleep(EVERY_S)

    async def write(self) -> None:
        """Write the uses. Raises DatabaseUnavailable, and keeps them in that case."""
        self._some.clear()
        keys, self._keys = self._keys, {}
        used, self._links = self._links, {}
        new: dict[str, list[str]] = {}

        def work(connection: Connection) -> None:
            new.clear()  # it may run again
            new.update(_write_keys(connection, keys))
            for link_id, uses in sorted(used.items()):
                links.note_use(connection, link_id, at=uses.at, requests=uses.requests)

        try:
            await self.db.write(work)
        except BaseException:
            self._keys, self._links = _joined(keys, self._keys), _joined(used, self._links)
            self._some.set()
            raise
        self._audit_keys(keys, new)
        self._audit_links(used)

    def _audit_keys(self, keys: dict[str, _Uses], new: dict[str, list[str]]) -> None:
        for key_id, networks in new.items():
            uses = keys[key_id]
            for network in networks:
                self.audit.record("key.use", user_id=uses.user_id, address=uses.networks[network], object_id=key_id)

    def _audit_links(self, used: dict[str, _Uses]) -> None:
        now = self.clock.monotonic()
        for link_id, uses in used.items():
            count = self._link_counts.setdefault(link_id, _LinkCount(uses.user_id))
            count.requests += uses.requests
            if count.recorded_at is None or now - count.recorded_at >= LINK_AUDIT_S:
                address = next(iter(uses.networks.values()), None)
                detail = {"requests": count.requests, "networks": len(uses.networks)}
                self.audit.record("link.use", user_id=uses.user_id, address=address, object_id=link_id, detail=detail)
                count.requests, count.recorded_at = 0, now
        idle = [one for one, count in self._link_counts.items() if now - (count.recorded_at or now) >= 2 * LINK_AUDIT_S]
        for link_id in idle:  # all of their uses are recorded
            del self._link_counts[link_id]


def _write_keys(connection: Connection, keys: dict[str, _Uses]) -> dict[str, list[str]]:
    """Return the new networks of each key. Keys are written in order, so that two servers cannot deadlock."""
    new: dict[str, list[str]] = {}
    for row in sorted(api_keys.list_by_id(connection, list(keys)), key=attrgetter("id")):
        uses = keys[row.id]
        found = [network for network in uses.networks if network not in row.networks]
        if found:
            new[row.id] = found
        kept = [*reversed(found), *row.networks][:MAX_NETWORKS] if found else None
        api_keys.note_use(connection, row.id, at=uses.at, networks=kept)
    return new


def _joined(before: dict[str, _Uses], since: dict[str, _Uses]) -> dict[str, _Uses]:
    for token_id, uses in since.items():
        if token_id in before:
            uses.requests += before[token_id].requests
            uses.networks = {**before[token_id].networks, **uses.networks}
    return {**before, **since}
