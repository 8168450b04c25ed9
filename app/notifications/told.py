"""The findings of a target of which a rule has notified, so that none is notified twice. Pure.

There is one document per rule and target.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self

from app.domain.violations import RiskLevel
from app.findings.open_findings import OpenFinding
from app.notifications.content import NewFinding

# A finding that was absent for this time and from this many consecutive conclusive scans is new when it returns;
# rotating advertisements return earlier.
FORGET_AFTER: Final = timedelta(days=30)
FORGET_MISSED: Final = 3
MAX_KNOWN: Final = 5_000  # findings of a target, the most recently seen
_LEVELS: Final = tuple(level.value for level in RiskLevel)  # in ascending order


class Known(NamedTuple):
    """A finding of which a rule has notified. Times are Unix timestamps in seconds."""

    risk_level: str  # highest risk of a notification
    told_at: float  # time of the last notification
    seen_at: float  # in a scan
    missed: int  # consecutive conclusive scans without it since then


@dataclass(slots=True)
class ToldFindings:
    """The findings of which a rule has notified, by id."""

    known: dict[str, Known] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Sequence[Any]] | None) -> Self:
        return cls({name: Known(*value) for name, value in (values or {}).items()})

    def as_json(self) -> dict[str, list[Any]]:
        newest = sorted(self.known.items(), key=lambda item: -item[1].seen_at)[:MAX_KNOWN]
        return {name: list(known) for name, known in newest}

    def take_new(self, found: Sequence[OpenFinding], min_risk: str, now: datetime) -> list[NewFinding]:
        """Return the findings to notify of, in the order of `found`, and record them: findings of at least this risk
        that are unknown, whose risk has increased, or that were dismissed after their last notification by a decision
        that no longer applies.
        """
        least, at, new = _LEVELS.index(min_risk), now.timestamp(), []
        for finding in found:
            level = _LEVELS.index(finding.risk_level)
            known = self.known.get(str(finding.id))
            if level < least:
                continue
            if known is None or (finding.dismissed_at is not None and finding.dismissed_at.timestamp() > known.told_at):
                new.append(NewFinding(finding))
            elif level > _LEVELS.index(known.risk_level):
                new.append(NewFinding(finding, known.risk_level))
            else:
                continue
            self.known[str(finding.id)] = Known(finding.risk_level.value, at, at, 0)
        return new

    def note_scan(self, there: Collection[str], now: datetime, *, is_conclusive: bool) -> None:
        """Record the findings that an ended scan has seen again; a conclusive scan has missed the others."""
        at, oldest = now.timestamp(), (now - FORGET_AFTER).timestamp()
        for name, known in list(self.known.items()):
            if name in there:
                self.known[name] = known._replace(seen_at=at, missed=0)
            elif is_conclusive and known.missed + 1 >= FORGET_MISSED and known.seen_at < oldest:
                del self.known[name]
            elif is_conclusive:
                self.known[name] = known._replace(missed=known.missed + 1)
