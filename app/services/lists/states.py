"""The lists of the deployment as administrators see them: what is in effect, and how the last update went."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row

from app.core.db import Database
from app.core.live_settings import SettingsSource
from app.domain.reputation_lists import ListDefinition, read_definitions
from app.repositories import lists


@dataclass(frozen=True, slots=True)
class ListState:
    """`version`: row of `list_versions` that is in effect; `last`: of `list_states`. None: there was none yet."""

    definition: ListDefinition
    version: Row[Any] | None
    last: Row[Any] | None


@dataclass(frozen=True, kw_only=True)
class ListService:
    """Every method is for administrators: the borders see to it."""

    db: Database
    settings: SettingsSource
    keep_current: Callable[[], Coroutine[Any, Any, None]]  # updates lists, until cancelled

    async def list_all(self) -> Sequence[ListState]:
        """Return all lists in the order of the setting. Raises DatabaseUnavailable."""
        return await self.db.read(partial(list_states, entries=self.settings.current.reputation_lists))


def list_states(connection: Connection, entries: Sequence[str]) -> list[ListState]:
    """Return the state of each list of the setting."""
    definitions = read_definitions(entries)
    keys = [one.key for one in definitions]
    versions, states = lists.in_effect(connection, keys), lists.states(connection, keys)
    return [ListState(one, versions.get(one.key), states.get(one.key)) for one in definitions]
