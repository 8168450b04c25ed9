"""The report of an order as tables: targets, domains, and each finding of each target, without bounds."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.core.redact import display_text
from app.core.spreadsheet import Percentage
from app.domain.violations import WORST_FIRST
from app.orders.standings import OrderedScan
from app.reports.formats.order_contents import FoundDomain, OrderContents, SiteFinding
from app.reports.formats.order_document import level_name, standing_text
from app.reports.formats.tables import Sheet, Value
from app.reports.formats.wording import utc_moment
from app.scans.serialisers import optional_to_wire

TARGET_COLUMNS: Final = ("target", "outcome", "completed_at_utc", "task")
DOMAIN_COLUMNS: Final = ("risk", "domain", "kind", "targets_counted", "found_at_targets")
FINDING_COLUMNS: Final = (
    "target",
    "risk",
    "domain",
    "kind",
    "confidence",
    "review",
    "decision",
    "page",
    "leads_to",
    "task",
    "attempt",
    "finding_id",
)


class OrderTables:
    """The tables of one order, in its reader's language."""

    def __init__(self, contents: OrderContents) -> None:
        self._contents = contents
        self._texts = contents.texts

    def targets(self) -> Sheet:
        levels = (self._texts(risk) for risk in WORST_FIRST)
        columns = [*self._named(TARGET_COLUMNS), *levels, self._texts("decision.dismissed")]
        return Sheet(self._texts("report.targets"), columns, map(self._target, self._contents.scans))

    def domains(self) -> Sheet:
        columns = self._named(DOMAIN_COLUMNS)
        return Sheet(self._texts("report.order_domains"), columns, map(self._domain, self._contents.domains))

    def findings(self) -> Sheet:
        return Sheet(self._texts("report.overview"), self._named(FINDING_COLUMNS), self._findings(), is_filtered=True)

    def joined(self) -> Sheet:
        """One table, for a file that can hold one: a row for each finding of each target, the worst domain first, then
        one for each target without a finding. What is known of the target stands in every row.
        """
        names = ("target", "outcome", *FINDING_COLUMNS[1:])
        return Sheet(self._texts("report.overview"), self._named(names), self._joined())

    def _named(self, columns: Sequence[str]) -> list[str]:
        return [self._texts(f"report.{name}") for name in columns]

    def _target(self, scan: OrderedScan) -> list[Value]:
        return [
            display_text(scan.task.target_domain),
            standing_text(scan, self._contents),
            utc_moment(optional_to_wire(scan.shown.completed_at)),
            scan.task.id,
            *(scan.open_counts[risk] for risk in WORST_FIRST),
            scan.dismissed,
        ]

    def _domain(self, found: FoundDomain) -> list[Value]:
        return [
            level_name(found, self._contents),
            display_text(found.domain),
            self._texts.join_terms(map(self._contents.kind_name, found.kinds)),
            len(found.targets),
            display_text(" ".join(found.targets)),
        ]

    def _findings(self) -> Iterator[list[Value]]:
        for found in self._contents.domains:
            for finding in found.findings:
                yield self._finding(found, finding)

    def _finding(self, found: FoundDomain, one: SiteFinding) -> list[Value]:
        return [
            display_text(one.scan.task.target_domain),
            self._texts(one.risk_level),
            display_text(found.domain),
            self._texts.join_terms(map(self._contents.kind_name, one.kinds)),
            Percentage(one.confidence_score),
            self._texts("report.yes" if one.needs_review else "report.no"),
            self._texts(f"decision_state.{one.state}"),
            display_text(one.found_on),
            display_text(one.url),
            one.scan.task.id,
            one.scan.shown.attempt,
            one.finding_id,
        ]

    def _joined(self) -> Iterator[list[Value]]:
        with_findings: set[str] = set()
        for found in self._contents.domains:
            for finding in found.findings:
                with_findings.add(finding.scan.task.id)
                target, *rest = self._finding(found, finding)
                yield [target, standing_text(finding.scan, self._contents), *rest]
        for scan in self._contents.scans:
            if scan.task.id not in with_findings:
                yield self._without_findings(scan)

    def _without_findings(self, scan: OrderedScan) -> list[Value]:
        values: dict[str, Value] = {"task": scan.task.id, "attempt": scan.shown.attempt}
        known = [display_text(scan.task.target_domain), standing_text(scan, self._contents)]
        return [*known, *(values.get(name) for name in FINDING_COLUMNS[1:])]
