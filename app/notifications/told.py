"""Which findings of a target a rule has told of: none is told twice. Pure; one document for a rule and a target."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self

from app.domain.violations import RiskLevel
from app.findings.open_findings import OpenFinding
from app.notifications.content import NewFinding

# A finding that no scan has seen for so long, and so many conclusive scans in a row, is new when it comes again:
# advertising that rotates is not.
FORGET_AFTER: Final = timedelta(days=30)
FORGET_MISSED: Final = 3
MAX_KNOWN: Final = 5_000  # of a target; those that were seen last
_LEVELS: Final = tuple(level.value for level in RiskLevel)  # in ascending order


class Known(NamedTuple):
    """What is known of a finding that was told. Times are seconds of the Unix epoch."""

    risk_level: str  # the highest that was told
    told_at: float
    seen_at: float  # in a scan
    missed: int  # conclusive scans since then, in a row


@dataclass(slots=True)
class ToldFindings:
    """By the finding's id."""

    known: dict[str, Known] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Sequence[Any]] | None) -> Self:
        return cls({name: Known(*value) for name, value in (values or {}).items()})

    def as_json(self) -> dict[str, list[Any]]:
        newest = sorted(self.known.items(), key=lambda item: -item[1].seen_at)[:MAX_KNOWN]
        return {name: list(known) for name, known in newest}

    def take_new(self, found: Sequence[OpenFinding], min_risk: str, now: datetime) -> list[NewFinding]:
        """Return what was not told yet, in the order of `found`, and know it from now on: findings from this risk on
        that are unknown, whose risk rose, or that were dismissed since they were told by a decision that holds no
        longer.
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
        """Note which findings a scan that has ended has seen again; a conclusive one has missed the others."""
        at, oldest = now.timestamp(), (now - FORGET_AFTER).timestamp()
        for name, known in list(self.known.items()):
            if name in there:
                self.known[name] = known._replace(seen_at=at, missed=0)
            elif is_conclusive and known.missed + 1 >= FORGET_MISSED and known.seen_at < oldest:
                del self.known[name]
            elif is_conclusive:
                self.known[name] = known._replace(missed=known.missed + 1)
