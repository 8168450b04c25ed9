"""Data of an order's report: its scans, and their findings by domain. Blocking.

Everything comes from the database: the files of five hundred scans would be opened for what their rows say as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.db import Database
from app.domain.decisions import DecisionState
from app.domain.findings import FindingId
from app.domain.messages import Language, MessageCatalog
from app.domain.violations import WORST_FIRST, ViolationKey, violation_type
from app.findings import summary as findings
from app.orders.standings import OrderedScan
from app.reports.formats.contents import Origin

MAX_FINDINGS: Final = 100_000  # of all scans together; beyond, they are counted: the reports of the scans have them


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFinding:
    """A finding of one scan of the order, as in its list of findings."""

    scan: OrderedScan
    finding_id: str
    kinds: tuple[str, ...]  # of its violations, the one that names the cause first
    risk_level: str
    confidence_score: float
    needs_review: bool
    state: DecisionState
    url: str
    found_on: str


@dataclass(slots=True)
class FoundDomain:
    """A domain, with what all scans of the order have found of it, in the order of the scans."""

    domain: str
    findings: list[SiteFinding] = field(default_factory=list)  # never empty

    @property
    def risk_level(self) -> str:
        """Return the highest risk level of what nobody has dismissed; "": everything was dismissed."""
        standing = (one.risk_level for one in self.findings if one.state != DecisionState.DISMISSED)
        return min(standing, key=WORST_FIRST.index, default="")

    @property
    def kinds(self) -> list[str]:
        """Return the causes, each once."""
        return list(dict.fromkeys(finding.kinds[0] for finding in self.findings))

    @property
    def targets(self) -> list[str]:
        """Return on which targets it was found, each once."""
        return list(dict.fromkeys(finding.scan.task.target_domain for finding in self.findings))


class OrderContents:
    """Data of one order, for one reader, in the language of `texts`."""

    def __init__(
        self,
        *,
        row: Row[Any],
        scans: Sequence[OrderedScan],
        db: Database,
        texts: MessageCatalog,
        origin: Origin,
        max_findings: int = MAX_FINDINGS,
    ) -> None:
        """Read all findings. `scans`: the worst first."""
        self.row = row
        self.scans = scans
        self.texts = texts
        self.origin = origin
        self._max_findings = max_findings
        self.omitted = 0  # findings that had no place
        # The worst first, of equal ones those of most targets; at the end those of which everything was dismissed.
        self.domains = self._read(db)

    def kind_name(self, key: str) -> str:
        return str(violation_type(ViolationKey(key), Language(self.texts.language)))

    def _read(self, db: Database) -> list[FoundDomain]:
        found: dict[str, FoundDomain] = {}
        kept = 0
        for scan in self.scans:
            for item in db.read_sync(partial(_findings_of, scan=scan)):
                if kept == self._max_findings:
                    self.omitted += 1
                    continue
                kept += 1
                found.setdefault(domain := _domain_of(item), FoundDomain(domain)).findings.append(item)
        return sorted(found.values(), key=_urgency)


def _findings_of(connection: Connection, *, scan: OrderedScan) -> list[SiteFinding]:
    rows = findings.of_run(connection, scan.shown.id, scan.shown.run)
    return [
        SiteFinding(
            scan=scan,
            finding_id=str(FindingId(ViolationKey(row.cause), row.domain)),
            kinds=tuple(row.kinds),
            risk_level=row.risk_level,
            confidence_score=row.confidence_score,
            needs_review=row.needs_review,
            state=DecisionState(row.state),
            url=row.url,
            found_on=row.page_url,
        )
        for row in rows
    ]


def _domain_of(finding: SiteFinding) -> str:
    return finding.finding_id.partition(".")[2]


def _urgency(found: FoundDomain) -> tuple[int, int, str]:
    level = found.risk_level
    return WORST_FIRST.index(level) if level else len(WORST_FIRST), -len(found.targets), found.domain
