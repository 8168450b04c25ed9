"""The lists of the deployment as administrators see them: what is in effect, and how the last update went."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row

from app.core.db import Database
from app.core.errors import Conflict, NotFound
from app.core.live_settings import SettingsSource
from app.core.principal import Principal
from app.domain.reputation_lists import ListDefinition, ListFault, read_definitions
from app.identity.audit import AuditTrail
from app.lists import queries


@dataclass(frozen=True, slots=True)
class ListState:
    """`version`: row of `list_versions` that is in effect; `last`: of `list_states`. None: there was none yet."""

    definition: ListDefinition
    version: Row[Any] | None
    last: Row[Any] | None

    @property
    def shrunk_to(self) -> int | None:
        """How many entries the list has at its source, when these are so few that they are not used; else None."""
        if self.last is None or self.last.fault != ListFault.SHRUNK:
            return None
        return int(self.last.detail.partition("/")[0])

    @property
    def is_taken(self) -> bool:
        """Whether an administrator has taken that, and the next update has not come yet."""
        return self.last is not None and self.last.taken_entries is not None


@dataclass(frozen=True, kw_only=True)
class ListService:
    """Every method is for administrators: the borders see to it."""

    db: Database
    settings: SettingsSource
    audit: AuditTrail
    keep_current: Callable[[], Coroutine[Any, Any, None]]  # updates lists, until cancelled

    async def list_all(self) -> Sequence[ListState]:
        """Return all lists in the order of the setting. Raises DatabaseUnavailable."""
        return await self.db.read(partial(list_states, entries=self.settings.current.reputation_lists))

    async def take_shrunk(self, principal: Principal, name: str, entries: int) -> ListState:
        """Take what a list has shrunk to: within seconds the holder of the lease gets it again, and uses it when
        it has half of `entries` at least.

        Raises:
            NotFound: the setting has no such list.
            Conflict: `list_not_shrunk`, it has not shrunk to so many entries, or not any more.
        """
        state = next((item for item in await self.list_all() if item.definition.name == name), None)
        if state is None:
            raise NotFound
        key = state.definition.key
        if not await self.db.write(partial(queries.take_shrunk, key=key, entries=entries)):
            raise Conflict(code="list_not_shrunk")
        self.audit.record(
            "list.take_shrunk",
            user_id=principal.user_id,
            address=principal.address,
            detail={"name": name, "entries": entries},
        )
        now = next((item for item in await self.list_all() if item.definition.key == key), None)
        return now or state  # the setting may have lost it meanwhile


def list_states(connection: Connection, entries: Sequence[str]) -> list[ListState]:
    """Return the state of each list of the setting."""
    definitions = read_definitions(entries)
    keys = [item.key for item in definitions]
    versions, states = queries.in_effect(connection, keys), queries.states(connection, keys)
    return [ListState(item, versions.get(item.key), states.get(item.key)) for item in definitions]
