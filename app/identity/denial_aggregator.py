"""Denied requests, added up: callers who are not let in cannot fill the audit log.

The first refusal of a kind is a row of its own; what follows within a minute is one more row, with its number. A kind
is what was refused, whom, why, and from which network. Kinds are bounded in all and for each wider network (/48, or
/24 of IPv4): beyond that the wider network counts as one, and beyond that everybody.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from app.core.limits import network_of, wider_networks_of

AuditOutcome = Literal["ok", "denied", "failed"]

WINDOW_S: Final = 60.0
MAX_OF_WIDER: Final = 20  # kinds of one wider network within a minute
MAX_NARROW: Final = 200  # kinds of single networks in all: some 7 rows a second at worst
MAX_WIDE: Final = 100  # kinds of wider networks in all


@dataclass(frozen=True, slots=True)
class AuditRow:
    """`detail` holds codes and numbers, never a payload."""

    at: datetime
    action: str  # "ws.connect", "task.cancel", ...
    outcome: AuditOutcome
    user_id: str | None = None
    address: str | None = None
    object_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """By column. Not `dataclasses.asdict`, which copies everything deeply: one row of each connection."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class _Kind:
    action: str
    reason: tuple[tuple[str, Any], ...]  # the detail
    user_id: str | None = None
    network: str | None = None  # None: everybody else
    wider: str | None = None  # around `network`; None when that is a wider one itself


@dataclass(slots=True)
class _Window:
    began_at: float  # monotonic
    more: int = 0  # refusals after the first
    last_at: datetime | None = None  # of them


class DenialAggregator:
    """The time is handed in. Windows end in the order in which they began."""

    def __init__(self) -> None:
        self._windows: dict[_Kind, _Window] = {}
        self._narrow_of: Counter[str | None] = Counter()  # windows of single networks, by the wider one
        self._wide = 0  # windows of wider networks

    def __len__(self) -> int:
        return len(self._windows)

    def note(self, row: AuditRow, now: float) -> bool:
        """Whether the row is to be written: it is the first of its kind. Else it was counted. `now` is monotonic."""
        for kind in _kinds_of(row):
            window = self._windows.get(kind)
            if window is not None:
                window.more += 1
                window.last_at = row.at
                return False
            if self._has_room(kind):
                self._open(kind, now)
                return True
        raise AssertionError("everybody's kind always has room")

    def take_ended(self, now: float) -> list[AuditRow]:
        """What the windows that are over counted beyond their first."""
        rows = []
        for kind, window in list(self._windows.items()):
            if window.began_at + WINDOW_S > now:
                break
            rows += self._close(kind, window)
        return rows

    def take_all(self) -> list[AuditRow]:
        """Return what all windows counted, whether they are over or not."""
        return [row for kind, window in list(self._windows.items()) for row in self._close(kind, window)]

    def _has_room(self, kind: _Kind) -> bool:
        if kind.network is None:
            return True
        if kind.wider is None:
            return self._wide < MAX_WIDE
        return self._narrow_of[kind.wider] < MAX_OF_WIDER and self._narrow_of.total() < MAX_NARROW

    def _open(self, kind: _Kind, now: float) -> None:
        self._windows[kind] = _Window(now)
        self._count(kind, 1)

    def _close(self, kind: _Kind, window: _Window) -> list[AuditRow]:
        del self._windows[kind]
        self._count(kind, -1)
        if window.last_at is None:
            return []
        detail = {**dict(kind.reason), "count": window.more}
        return [AuditRow(window.last_at, kind.action, "denied", kind.user_id, kind.network, None, detail)]

    def _count(self, kind: _Kind, change: int) -> None:
        if kind.wider is not None:
            self._narrow_of[kind.wider] += change
            if not self._narrow_of[kind.wider]:
                del self._narrow_of[kind.wider]
        elif kind.network is not None:
            self._wide += change


def _kinds_of(row: AuditRow) -> tuple[_Kind, _Kind, _Kind]:
    """Return the kinds of a row, the narrowest first and everybody's last."""
    reason = tuple(sorted(row.detail.items()))
    network = network_of(row.address)
    wider = next(reversed(wider_networks_of(row.address)), network)
    return (
        _Kind(row.action, reason, row.user_id, network, wider),
        _Kind(row.action, reason, network=wider),
        _Kind(row.action, reason),
    )
