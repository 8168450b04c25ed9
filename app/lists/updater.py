"""Keeps lists current: asks URLs on a schedule, and looks every few seconds whether files have changed.

What goes wrong takes nothing away: the last good version stays in effect, and the fault is kept beside it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Row

from app.core.clock import Clock
from app.core.config import Settings
from app.core.data_folder import OWN_LISTS_FOLDER
from app.core.db import Database, DatabaseUnavailable
from app.core.ids import new_id
from app.core.lease import Lease, LeaseLost
from app.core.live_settings import SettingsSource
from app.core.program import program_version
from app.domain.reputation_lists import (
    ListDefinition,
    ListFault,
    ListKind,
    ListOrder,
    ListUpdate,
    read_definitions,
)
from app.lists import queries
from app.lists.files import FileLost, ListFiles, remove_old

LOOK_S: Final = 5.0
JITTER: Final = 0.1  # of the interval, both ways: servers of a source see no crowd at the full hour
FIRST_RETRY_S: Final = 60.0  # doubles with each failure in a row, up to the interval
CLEAN_EVERY_S: Final = 600.0
log = structlog.get_logger(__name__)

UpdateList = Callable[[ListOrder, Settings], Awaitable[ListUpdate]]
Mark = tuple[int, int, int] | None  # of a file: size, time of change, number; None: there is none
Versions = Mapping[str, Row[Any]]  # in effect, by key of the definition


@dataclass(slots=True)
class _Plan:
    """When a list is to be updated again."""

    due_at: float  # monotonic
    mark: Mark = None  # of the file, at the last update
    failures: int = 0  # in a row
    taken: int | None = None  # to how many entries it may shrink; None: nobody has said so since the last update


@dataclass(kw_only=True, eq=False, repr=False)
class ListUpdater:
    """One acts per deployment: the holder of the lease. Event loop only."""

    db: Database  # whose writes begin with the lease's guard
    clock: Clock
    settings: SettingsSource
    files: ListFiles
    update: UpdateList
    lease: Lease
    on_update: Callable[[ListDefinition, ListFault | None, int], None]  # with the entries that are in effect now
    chance: Callable[[], float] = random.random
    _plans: dict[str, _Plan] = field(default_factory=dict, init=False)
    _clean_at: float = field(default=0.0, init=False)  # monotonic

    async def keep_current(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            try:
                if await self.lease.is_held():
                    await self.look()
            except (DatabaseUnavailable, LeaseLost) as error:
                log.warning("lists_not_looked_at", reason=type(error).__name__)
            except Exception:  # a boundary: one look that fails must not be the last
                log.exception("lists_not_looked_at")
            await self.clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Update what is due: allow lists first, for block lists are judged by them."""
        definitions = read_definitions(self.settings.current.reputation_lists)
        keys = [item.key for item in definitions]
        if set(keys) != self._plans.keys():
            await self._plan(definitions)
        states = await self.db.read(partial(queries.states, keys=keys))
        for definition in sorted(definitions, key=lambda one: one.kind is ListKind.BLOCK):
            versions = await self.db.read(partial(queries.in_effect, keys=keys))
            allow = [versions[item.key] for item in definitions if item.kind is ListKind.ALLOW and item.key in versions]
            mark = await asyncio.to_thread(self._mark_of, definition)
            judged_by = self._judged_by(definition, allow)
            version, state = versions.get(definition.key), states.get(definition.key)
            taken = None if state is None else state.taken_entries
            if self._is_taken(definition, taken) or self._is_due(definition, version, mark, judged_by):
                await self._try_update(definition, version, mark, judged_by, allow)
        if self.clock.monotonic() >= self._clean_at:
            self._clean_at = self.clock.monotonic() + CLEAN_EVERY_S
            await self._clean()

    async def _plan(self, definitions: Sequence[ListDefinition]) -> None:
        """Begin with what the database knows: a restart asks nobody anew."""
        keys = [definition.key for definition in definitions]
        await self.db.write(partial(queries.drop_others, keys=keys, now=self.clock.now()))
        states = await self.db.read(partial(queries.states, keys=keys))
        now = self.clock.monotonic()
        plans = {}
        for definition in definitions:
            due_at, state = now, states.get(definition.key)
            if definition.is_url and state is not None and state.fault is None:
                due_at += max(0.0, self._interval_s() - (self.clock.now() - state.checked_at).total_seconds())
            plans[definition.key] = self._plans.get(definition.key, _Plan(due_at))
        self._plans = plans

    def _is_taken(self, definition: ListDefinition, taken: int | None) -> bool:
        """Whether an administrator has taken what it has shrunk to, since the last look. What fails then is tried again
        like any other.
        """
        plan = self._plans[definition.key]
        is_news, plan.taken = taken not in (None, plan.taken), taken
        return is_news

    def _is_due(self, definition: ListDefinition, version: Row[Any] | None, mark: Mark, judged_by: str) -> bool:
        plan = self._plans[definition.key]
        if self.clock.monotonic() >= plan.due_at and (definition.is_url or plan.failures or version is None):
            return True
        if not definition.is_url and mark != plan.mark:
            return True
        if version is None or plan.failures:
            return False
        return bool(version.judged_by != judged_by) or not self.files.has_or_shares(version.file_sha256)

    async def _try_update(
        self,
        definition: ListDefinition,
        version: Row[Any] | None,
        mark: Mark,
        judged_by: str,
        allow: Sequence[Row[Any]],
    ) -> None:
        """Whatever goes wrong, the source is not asked again at once, and the next look comes to the other lists."""
        try:
            await self._update(definition, version, mark, judged_by, allow)
        except Exception:
            self._plan_next(definition, ListUpdate(fault=ListFault.FAILED), mark)
            raise

    async def _update(
        self,
        definition: ListDefinition,
        version: Row[Any] | None,
        mark: Mark,
        judged_by: str,
        allow: Sequence[Row[Any]],
    ) -> None:
        began, taken = self.clock.monotonic(), self._plans[definition.key].taken
        try:
            order = await self._order(definition, version, judged_by, allow)
        except (FileLost, OSError) as error:  # an allow list's file is gone: without it too much would be accused
            result = ListUpdate(fault=ListFault.FAILED, detail=type(error).__name__)
        else:
            result = await self.update(order, self.settings.current)
        if result.is_new:
            result = await self._keep(definition, result, judged_by)
        elif result.fault is None and version is not None:
            await self.db.write(
                partial(
                    queries.note_validators,
                    version_id=version.id,
                    etag=result.etag,
                    last_modified=result.last_modified,
                )
            )
        await self._note(definition, result, taken, self.clock.monotonic() - began)
        self._plan_next(definition, result, mark)
        entries = result.entries if result.is_new else 0 if version is None else version.entries
        self.on_update(definition, result.fault, entries)

    async def _order(
        self, definition: ListDefinition, version: Row[Any] | None, judged_by: str, allow: Sequence[Row[Any]]
    ) -> ListOrder:
        await asyncio.to_thread(self.files.prepare)
        files = [str(await asyncio.to_thread(self.files.find, item.file_sha256)) for item in allow]
        is_usable = (
            version is not None and version.judged_by == judged_by and self.files.has_or_shares(version.file_sha256)
        )
        return ListOrder(
            definition=definition,
            path="" if definition.is_url else str(self._path_of(definition)),
            folder=str(self.files.folder),
            etag=version.etag if version is not None and is_usable else "",
            last_modified=version.last_modified if version is not None and is_usable else "",
            known_sha256=version.sha256 if version is not None and is_usable else "",
            known_entries=self._expected(definition, version),
            allow_files=tuple(files) if definition.kind is ListKind.BLOCK else (),
        )

    def _expected(self, definition: ListDefinition, version: Row[Any] | None) -> int:
        """Return of how many entries a list that has not shrunk has at least half."""
        taken = self._plans[definition.key].taken
        if taken is not None:
            return taken
        return 0 if version is None else version.entries

    async def _keep(self, definition: ListDefinition, result: ListUpdate, judged_by: str) -> ListUpdate:
        """Put the new version into effect. Return the update, with a fault when that failed."""
        try:
            await asyncio.to_thread(self.files.share, result.file_sha256)
        except OSError as error:
            return ListUpdate(fault=ListFault.FAILED, detail=type(error).__name__)
        now = self.clock.now()
        values = {
            "id": new_id(),
            "list_key": definition.key,
            "name": definition.name,
            "kind": definition.kind.value,
            "source": definition.shown_source,
            "layout": result.layout,
            "list_date": result.date or now.date().isoformat(),
            "sha256": result.sha256,
            "bytes": result.bytes,
            "entries": result.entries,
            "duplicates": result.duplicates,
            "refused": dict(result.refused),
            "examples": [list(example) for example in result.examples],
            "file_sha256": result.file_sha256,
            "file_bytes": result.file_bytes,
            "etag": result.etag,
            "last_modified": result.last_modified,
            "judged_by": judged_by,
            "fetched_at": now,
        }
        await self.db.write(partial(queries.add_version, values=values))
        return result

    async def _note(self, definition: ListDefinition, result: ListUpdate, taken: int | None, took_s: float) -> None:
        values = {
            "list_key": definition.key,
            "name": definition.name,
            "checked_at": self.clock.now(),
            "fault": None if result.fault is None else result.fault.value,
            "detail": result.detail[:200],
            "took_s": took_s,
        }
        await self.db.write(partial(queries.note_update, values=values, taken=taken))
        if result.fault is not None:
            log.warning("list_not_updated", list=definition.name, fault=result.fault.value, detail=result.detail)
        elif result.is_new:
            log.info("list_updated", list=definition.name, entries=result.entries, refused=dict(result.refused))

    def _plan_next(self, definition: ListDefinition, result: ListUpdate, mark: Mark) -> None:
        plan = self._plans[definition.key]
        plan.failures = 0 if result.fault is None else plan.failures + 1
        plan.mark = None if result.fault is ListFault.CHANGING else mark
        wait_s = self._interval_s()
        if plan.failures:
            wait_s = min(wait_s, FIRST_RETRY_S * 2 ** min(plan.failures - 1, 10))
        plan.due_at = self.clock.monotonic() + wait_s * (1 - JITTER + 2 * JITTER * self.chance())

    def _interval_s(self) -> int:
        return self.settings.current.reputation_lists_interval_s

    def _judged_by(self, definition: ListDefinition, allow: Sequence[Row[Any]]) -> str:
        """Digest of what decides which entries are used: the program's own tables, networks, and the allow lists."""
        said = [program_version(), *self.settings.current.allow_networks]
        if definition.kind is ListKind.BLOCK:
            said += [item.file_sha256 for item in allow]
        return sha256("\n".join(said).encode()).hexdigest()

    def _path_of(self, definition: ListDefinition) -> Path:
        return self.settings.current.data_dir.absolute() / OWN_LISTS_FOLDER / definition.source  # absolute ones stay

    def _mark_of(self, definition: ListDefinition) -> Mark:
        if definition.is_url:
            return None
        try:
            status = self._path_of(definition).stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns, status.st_ino

    async def _clean(self) -> None:
        kept = await remove_old(self.db, self.clock.now())
        await asyncio.to_thread(self.files.remove_but, kept, time.time())
