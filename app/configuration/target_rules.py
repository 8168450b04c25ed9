"""Which domains may be scanned here: the allowed ones, and never the blocked ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.core.errors import ConfigurationError, Forbidden, InvalidInput
from app.core.live_settings import SettingsSource
from app.domain.targets import TargetParser

_NAME: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")  # linear: the dots part the labels
_URL_MARKS: Final = frozenset("/:?#@\\")  # what reads a host would take them for the end of it
ALLOWED: Final = "allowed_targets"
BLOCKED: Final = "blocked_targets"


@dataclass(kw_only=True, eq=False, repr=False)
class TargetRules:
    """Any thread. Raises ConfigurationError when a name of the settings is none."""

    settings: SettingsSource
    targets: TargetParser

    def __post_init__(self) -> None:
        self._read = self._names()

    def check(self, target: str) -> None:
        """Raise Forbidden (`target_not_allowed`) for a name, in A-labels, that must not be scanned."""
        allowed, blocked = self._current()
        if _covers(blocked, target) or (allowed and not _covers(allowed, target)):
            raise Forbidden(code="target_not_allowed")

    def _current(self) -> tuple[Sequence[str], Sequence[str]]:
        """Names are read anew only when they have changed: a thousand of them take a while."""
        settings, read = self.settings.current, self._read
        if read[0] != (settings.allowed_targets, settings.blocked_targets):
            self._read = read = self._names()
        return read[1]

    def _names(self) -> tuple[tuple[Sequence[str], Sequence[str]], tuple[Sequence[str], Sequence[str]]]:
        """Return the names as they stand in the settings, and in A-labels."""
        settings = self.settings.current
        allowed, blocked = settings.allowed_targets, settings.blocked_targets
        read = (_read_names(allowed, self.targets, ALLOWED), _read_names(blocked, self.targets, BLOCKED))
        return (allowed, blocked), read


def is_name(text: str, targets: TargetParser) -> bool:
    """Return whether the entry is a domain; a public suffix is one, too. No URL, port or pattern is."""
    if not _URL_MARKS.isdisjoint(text):
        return False
    try:
        return _NAME.fullmatch(targets.ascii_name(text.strip("."))) is not None
    except InvalidInput:
        return False


def _covers(names: Sequence[str], target: str) -> bool:
    return any(target == name or target.endswith(f".{name}") for name in names)


def _read_names(names: Sequence[str], targets: TargetParser, setting: str) -> tuple[str, ...]:
    try:
        return tuple(targets.ascii_name(name.strip(".")) for name in names)
    except InvalidInput as error:
        variable = f"COMPLIANCE_{setting.upper()}"
        raise ConfigurationError(text="targets_refused", name=variable, reason=error.text) from error
