"""Brings what administrators have stored into the settings of this process, within seconds."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Connection, Row, inspect

from app.configuration import browser_settings
from app.configuration.queries import configuration
from app.configuration.tables import configuration_versions
from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.live_settings import LiveSettings

LOOK_EVERY_S: Final = 5.0  # so that a change holds everywhere within ten seconds
log = structlog.get_logger(__name__)


class _Queries(Protocol):
    """`queries.configuration`, or `browser_settings` where the table cannot be read."""

    def newest_mark(self, connection: Connection, /) -> str | None: ...

    def newest(self, connection: Connection, /) -> Row[Any] | None: ...


def read_at_start(db: Database, settings: Settings, *, for_rendering: bool = False) -> LiveSettings:
    """Return the environment's settings with what is stored. Blocking. `for_rendering`: what rendering needs will do.

    A database that is away, not made yet or of an earlier version has nothing: the start says what is wrong with it.
    """
    live = LiveSettings(settings)
    file = settings.database_file
    if file is not None and not file.exists():
        return live
    try:
        row = db.read_sync(partial(_newest_if_there, for_rendering=for_rendering))
    except DatabaseUnavailable as error:
        log.warning("configuration_not_read", reason=error.message)
        return live
    if row is not None:
        live.start_with(row.version, row.stored)
    return live


def _newest_if_there(connection: Connection, *, for_rendering: bool) -> Row[Any] | None:
    if not inspect(connection).has_table(configuration_versions.name):
        return None
    return _queries(connection, for_rendering=for_rendering).newest(connection)


@dataclass(kw_only=True, eq=False, repr=False)
class ConfigurationWatch:
    """Event loop only. `for_rendering` as of `read_at_start`."""

    db: Database
    clock: Clock
    live: LiveSettings
    for_rendering: bool = False

    def __post_init__(self) -> None:
        self._mark: str | None = None  # of the version that is in effect, once it was looked at
        self._is_away = False  # the last look failed, and the log says so

    async def look(self) -> None:
        """Take the newest version. Raises DatabaseUnavailable."""
        while True:
            known = self._mark
            mark, row = await self.db.read(partial(_read_unless, known=known, for_rendering=self.for_rendering))
            if self._mark == known:
                break  # else another look was faster, and this answer may be of before its
        if mark == known:
            return
        self._mark = mark
        version, stored = (0, {}) if row is None else (row.version, row.stored)
        self.live.apply(version, stored)
        log.info("configuration_taken", version=self.live.version)

    async def keep_current(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseUnavailable as error:
                self._note_away(error)
            except Exception:  # a boundary: one look that fails must not be the last
                log.exception("configuration_not_read")
            else:
                self._is_away = False
            await self.clock.sleep(LOOK_EVERY_S)

    def _note_away(self, error: DatabaseUnavailable) -> None:
        if not self._is_away:
            log.warning("configuration_not_read", reason=error.message)
        self._is_away = True


def _read_unless(
    connection: Connection, known: str | None, *, for_rendering: bool
) -> tuple[str | None, Row[Any] | None]:
    """Return what tells the newest version apart, and the version itself unless it is known: it may be large."""
    queries = _queries(connection, for_rendering=for_rendering)
    mark = queries.newest_mark(connection)
    return mark, None if mark in (None, known) else queries.newest(connection)


def _queries(connection: Connection, *, for_rendering: bool) -> _Queries:
    """Return where the newest version is read: the role of browser workers has no access to the table."""
    return browser_settings if for_rendering and browser_settings.is_offered(connection) else configuration
