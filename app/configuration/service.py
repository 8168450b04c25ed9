"""What administrators set while the service runs: read, changed as a whole, and taken back to an older version.

Nothing secret is among it. The environment goes before what is stored, and is never changed from here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row

from app.configuration.queries import configuration
from app.configuration.target_rules import ALLOWED, BLOCKED, is_name
from app.configuration.watch import ConfigurationWatch
from app.core.changeable_settings import CHANGEABLE, ChangeableSetting, FaultCode, Lock, SettingsRefused, lock_of, merge
from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.errors import Conflict, NotFound
from app.core.field_faults import FieldFault, InvalidFields
from app.core.ids import new_id
from app.core.live_settings import LiveSettings
from app.core.principal import Principal
from app.domain.reputation_lists import read_definitions, shown_entry
from app.domain.targets import TargetParser
from app.identity.audit import AuditTrail

MODEL_URL: Final = "reading_model_url"
LISTS: Final = "reputation_lists"
_LOCK_CODES: Final = {Lock.ENVIRONMENT: FaultCode.SET_BY_ENVIRONMENT, Lock.KEY: FaultCode.BOUND_TO_KEY}
_LOOKS: Final = 3  # for a version and the values in effect that are of one moment
_FIELD: Final = "body.values."  # where a client finds the faults


@dataclass(frozen=True, slots=True)
class SettingState:
    """A setting as it is on this server."""

    setting: ChangeableSetting
    value: Any  # in effect; with `waits_for_restart` after the next start
    stored: Any  # None: nothing
    is_stored: bool
    lock: Lock | None
    waits_for_restart: bool


@dataclass(frozen=True, slots=True)
class ConfigurationState:
    """`version` 0: nothing was ever stored. `is_refused`: this server's environment contradicts the version."""

    version: int
    changed_at: datetime | None
    changed_by: str | None
    is_refused: bool
    has_model_key: bool
    settings: Sequence[SettingState]


@dataclass(kw_only=True, eq=False, repr=False)
class ConfigurationService:
    """Every method is for administrators: the borders see to it."""

    db: Database
    clock: Clock
    live: LiveSettings
    watch: ConfigurationWatch
    targets: TargetParser
    audit: AuditTrail

    async def read(self) -> ConfigurationState:
        """Return the newest version, as this server has it."""
        for _ in range(_LOOKS):
            await self.watch.look()
            row = await self.db.read(configuration.newest)
            if self.live.version == (0 if row is None else row.version):  # else another server has made one meanwhile
                break
        return self._state(row)

    async def change(self, principal: Principal, values: Mapping[str, Any], *, version: int) -> ConfigurationState:
        """Store these values in the place of all that is stored; what is left out is not stored any more.

        `version` is the one that the change was made of.

        Raises:
            Conflict: `configuration_changed`, somebody else was there before.
            InvalidFields: what is wrong with which value. Nothing was changed.
        """
        await asyncio.to_thread(self._check, values)
        row = await self._store(principal, values, version=version)
        names = [change[0] for change in row.changes]
        self._record("configuration.change", principal, {"version": row.version, "names": names})
        return self._state(row)

    async def restore(self, principal: Principal, number: int, *, version: int) -> ConfigurationState:
        """Make a new version with the values of an older one; 0: with none. What is locked by now is left out.

        Raises:
            NotFound: there is no such version, or not any more.
            Conflict, InvalidFields: see `change`; other settings may bound these today.
        """
        values = await self.db.read(lambda connection: _stored_in(connection, number))
        free = {name: value for name, value in values.items() if self._is_free(name)}
        await asyncio.to_thread(self._check, free)
        row = await self._store(principal, free, version=version, restored_from=number)
        self._record("configuration.restore", principal, {"version": row.version, "from": number})
        return self._state(row)

    async def history(self, *, page: int, page_size: int) -> tuple[Sequence[Row[Any]], int]:
        """Return a page of versions, the newest first, and how many are kept."""
        offset = (page - 1) * page_size
        return await self.db.read(lambda connection: configuration.page(connection, offset=offset, limit=page_size))

    async def _store(
        self, principal: Principal, values: Mapping[str, Any], *, version: int, restored_from: int | None = None
    ) -> Row[Any]:
        added = {
            "mark": new_id(),
            "at": self.clock.now(),
            "user_id": principal.user_id,
            "username": principal.username,
            "stored": dict(values),
            "restored_from": restored_from,
        }

        def work(connection: Connection) -> Row[Any]:
            newest = configuration.newest(connection)
            before, stored = (0, {}) if newest is None else (newest.version, newest.stored)
            if before != version:
                raise Conflict(code="configuration_changed")
            number = before + 1
            configuration.add(connection, {**added, "version": number, "changes": _changes(stored, values)})
            row = configuration.find(connection, number)
            assert row is not None
            return row

        row = await self.db.write(work)
        await self.watch.look()
        return row

    def _check(self, values: Mapping[str, Any]) -> None:
        """Raise InvalidFields. In a thread: a thousand names take a while, and the first loads a list."""
        faults = [fault for name in values if (fault := self._unchangeable(name)) is not None]
        if not faults:
            faults = _refused(self.live.environment, values) or self._unfit(values)
        if faults:
            raise InvalidFields(faults=[FieldFault(_FIELD + fault.name, fault.code, fault.values) for fault in faults])

    def _is_free(self, name: str) -> bool:
        return self._unchangeable(name) is None

    def _unchangeable(self, name: str) -> FieldFault | None:
        if name not in CHANGEABLE:
            return FieldFault(name, "extra_forbidden")
        lock = lock_of(name, self.live.environment)
        return None if lock is None else FieldFault(name, _LOCK_CODES[lock])

    def _unfit(self, values: Mapping[str, Any]) -> list[FieldFault]:
        """Return what the settings themselves do not check."""
        faults = [
            FieldFault(name, FaultCode.DOMAIN_NAMES)
            for name in (ALLOWED, BLOCKED)
            if not all(is_name(entry, self.targets) for entry in values.get(name, ()))
        ]
        faults += _unfit_lists(values.get(LISTS, ()))
        url = values.get(MODEL_URL)
        return (
            [*faults, FieldFault(MODEL_URL, FaultCode.SECRET_IN_ADDRESS)]
            if url and url != _without_secrets(url)
            else faults
        )

    def _state(self, row: Row[Any] | None) -> ConfigurationState:
        return ConfigurationState(
            version=0 if row is None else row.version,
            changed_at=None if row is None else row.at,
            changed_by=None if row is None else row.username,
            is_refused=self.live.is_refused,
            has_model_key=self.live.environment.reading_model_key is not None,
            settings=[self._setting(setting, {} if row is None else row.stored) for setting in CHANGEABLE.values()],
        )

    def _setting(self, setting: ChangeableSetting, stored: Mapping[str, Any]) -> SettingState:
        name = setting.name
        lock = lock_of(name, self.live.environment)
        value = getattr(self.live.current, name)
        return SettingState(
            setting=setting,
            value=_shown(name, value),
            stored=_shown(name, stored.get(name)),
            is_stored=name in stored and lock is None,
            lock=lock,
            waits_for_restart=self.live.waits_for_restart(name),
        )

    def _record(self, action: str, principal: Principal, detail: Mapping[str, Any]) -> None:
        self.audit.record(action, user_id=principal.user_id, address=principal.address, detail=detail)


def _stored_in(connection: Connection, number: int) -> Mapping[str, Any]:
    row = configuration.find(connection, number) if number else None
    if row is None and number:
        raise NotFound(text="no_such_version")
    return {} if row is None else row.stored


def _refused(environment: Settings, values: Mapping[str, Any]) -> list[FieldFault]:
    try:
        merge(environment, values)
    except SettingsRefused as refusal:
        return refusal.faults
    return []


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[list[Any]]:
    """Return name, value before and value after of what differs; of a list, the entries that went and that came."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [[name, *_difference(before.get(name), after.get(name))] for name in sorted(names)]


def _difference(before: Any, after: Any) -> tuple[Any, Any]:
    if not isinstance(before, list) or not isinstance(after, list):
        return before, after
    old, new = set(before), set(after)
    return [entry for entry in before if entry not in new], [entry for entry in after if entry not in old]


def _unfit_lists(entries: Sequence[str]) -> list[FieldFault]:
    """Who administers the application may name what anybody sees, and files in a folder of the data folder alone."""
    definitions = read_definitions(entries)
    if any(definition.is_url and definition.shown_source != definition.source for definition in definitions):
        return [FieldFault(LISTS, FaultCode.SECRET_IN_ADDRESS)]
    is_outside = any(not definition.is_url and definition.source.startswith("/") for definition in definitions)
    return [FieldFault(LISTS, FaultCode.PATH_OF_MACHINE)] if is_outside else []


def _shown(name: str, value: Any) -> Any:
    if name == MODEL_URL and value is not None:
        return _without_secrets(value)
    return [shown_entry(entry) for entry in value] if name == LISTS and value is not None else value


def _without_secrets(url: str) -> str:
    """Return the address as anybody may see it: without a user, a password and what is asked for behind it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
