"""The settings of a process that runs: those of its environment, with what administrators have stored on top.

A part that reads a setting whenever it needs it gets a `SettingsSource` and asks for `current` each time; what it reads
together it reads of one `current`. A part that reads settings once, when it is put together, has those of the start.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from app.core.changeable_settings import CHANGEABLE, SettingsRefused, merge
from app.core.config import Settings

log = structlog.get_logger(__name__)


class SettingsSource(Protocol):
    """`Settings` are their own; `LiveSettings` change."""

    @property
    def current(self) -> Settings: ...


class LiveSettings:
    """Changed in one place (`configuration.watch`), read in any thread: an assignment is all that happens."""

    def __init__(self, environment: Settings) -> None:
        self.environment = environment
        self.version = 0  # of what was stored, as far as it is known here; 0: nothing was
        self.is_refused = False  # that version makes no settings here: those before it hold on
        self._at_start = environment
        self._current = environment

    @property
    def current(self) -> Settings:
        return self._current

    def start_with(self, version: int, stored: Mapping[str, Any]) -> None:
        """Take what was stored when the process began: all of it has its effect."""
        self.apply(version, stored)
        self._at_start = self._current

    def apply(self, version: int, stored: Mapping[str, Any]) -> None:
        """Take a version. One that the environment contradicts changes nothing: a process does not end for it."""
        self.version = version
        try:
            self._current = merge(self.environment, stored)
        except SettingsRefused as refusal:
            self.is_refused = True
            log.warning("configuration_refused", version=version, reason=str(refusal))
        else:
            self.is_refused = False

    def waits_for_restart(self, name: str) -> bool:
        """Return whether the setting was changed since the start and takes effect at the next one."""
        if not CHANGEABLE[name].needs_restart:
            return False
        return bool(getattr(self._current, name) != getattr(self._at_start, name))
