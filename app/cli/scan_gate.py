"""Which findings make `compliance scan` exit with 1: those from a risk on (`--fail-on`), and those that an earlier
report does not have (`--baseline`). What was dismissed does not count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from app.cli.misused import Misused
from app.cli.terminal import clean
from app.core.errors import InvalidInput
from app.domain.decisions import DecisionState
from app.domain.messages import MessageCatalog
from app.domain.violations import RiskLevel
from app.tasks.target_parser import EngineTargetParser

MAX_BYTES: Final = 256 << 20  # of a baseline: the report of a scan with 20,000 third parties has some 30 MB
MAX_NAMED: Final = 5  # domains in an error
_ASCENDING: Final = tuple(RiskLevel)
Json = Mapping[str, Any]
Key = tuple[str, str]  # target and id of a finding


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """A finding as the JSON report of a scan, or of several, has it."""

    target: str
    finding_id: str
    risk: RiskLevel
    is_dismissed: bool


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an earlier report has found."""

    targets: frozenset[str]
    risks: Mapping[Key, RiskLevel]

    def has(self, finding: ReportedFinding) -> bool:
        """Return whether the finding stands in it with the same risk or a higher one."""
        before = self.risks.get((finding.target, finding.finding_id))
        return before is not None and not _is_above(finding.risk, before)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What counts, and what does not.

    `new`: findings that are not dismissed and not in the baseline; None: there is no baseline.
    """

    counted: int
    new: Sequence[ReportedFinding] | None
    known: int
    below: int
    dismissed: int

    def extend(self, report: Json) -> Json:
        """Return the report with the new findings."""
        if self.new is None:
            return report
        items = [
            {"target_domain": found.target, "finding_id": found.finding_id, "risk_level": found.risk.value}
            for found in self.new
        ]
        return {**report, "new_findings": items}

    def lines(self, texts: MessageCatalog, fail_on: RiskLevel) -> Iterator[str]:
        """Say what was left out."""
        if self.known:
            yield texts("gate.known", count=self.known)
        if self.below:
            yield texts("gate.below", count=self.below, level=texts(fail_on.value))
        if self.dismissed:
            yield texts("gate.dismissed", count=self.dismissed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What was asked for."""

    fail_on: RiskLevel = RiskLevel.LOW
    baseline: Baseline | None = None

    def judge(self, report: Json) -> Judgement:
        """Count the findings of a report of one scan or of several."""
        found = _findings_of(report)
        is_open = [finding for finding in found if not finding.is_dismissed]
        new = [finding for finding in is_open if self.baseline is None or not self.baseline.has(finding)]
        counted = [finding for finding in new if not _is_above(self.fail_on, finding.risk)]
        return Judgement(
            # Findings that the report only counts cannot be compared: they count.
            counted=len(counted) + report.get("omitted_findings", 0),
            new=None if self.baseline is None else new,
            known=len(is_open) - len(new),
            below=len(new) - len(counted),
            dismissed=len(found) - len(is_open),
        )


def choose_gate(fail_on: RiskLevel | None, baseline: Path | None, targets: Sequence[str]) -> Gate | None:
    """Return what was asked for; None: every violation counts. Raises Misused, as `read_baseline`."""
    if fail_on is None and baseline is None:
        return None
    known = None if baseline is None else read_baseline(baseline, targets)
    return Gate(fail_on=fail_on or RiskLevel.LOW, baseline=known)


def read_baseline(path: Path, targets: Sequence[str]) -> Baseline:
    """Read the JSON report of an earlier scan, or of several.

    Raises Misused for a file that is none, cannot be read or is too large, and for a report of other domains.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise Misused("baseline_file")
        report = orjson.loads(content)
        found = _findings_of(report)
        scanned = frozenset(_targets_of(report))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Misused("baseline_file") from error
    if scanned.isdisjoint(map(_name_of, targets)):
        raise Misused("baseline_other", domains=clean(", ".join(sorted(scanned)[:MAX_NAMED])))
    return Baseline(scanned, {(finding.target, finding.finding_id): finding.risk for finding in found})


def _targets_of(report: Json) -> Iterator[str]:
    if "task" in report:
        yield str(report["task"]["target_domain"])
    else:
        yield from (str(scan["target_domain"]) for scan in report["properties"])


def _findings_of(report: Json) -> list[ReportedFinding]:
    """Return each finding once, with its highest risk: in the report of one scan its violations tell of it."""
    found: dict[Key, ReportedFinding] = {}
    for finding in _of_scan(report) if "task" in report else _of_order(report):
        key = finding.target, finding.finding_id
        if key not in found or _is_above(finding.risk, found[key].risk):
            found[key] = finding
    return list(found.values())


def _of_scan(report: Json) -> Iterator[ReportedFinding]:
    target = str(report["task"]["target_domain"])
    for item in report["violations"]:
        decision = item["decision"] or {}
        is_dismissed = decision.get("state") == DecisionState.DISMISSED and bool(decision.get("holds"))
        yield ReportedFinding(target, str(item["finding_id"]), RiskLevel(item["risk_level"]), is_dismissed)


def _of_order(report: Json) -> Iterator[ReportedFinding]:
    for domain in report["domains"]:
        for item in domain["findings"]:
            is_dismissed = item["decision"] == DecisionState.DISMISSED
            yield ReportedFinding(
                str(item["target_domain"]), str(item["finding_id"]), RiskLevel(item["risk_level"]), is_dismissed
            )


def _name_of(target: str) -> str:
    """Return the name as reports have it; a target that is none is refused later, by the scan."""
    try:
        return EngineTargetParser().parse(target).name
    except InvalidInput:
        return target


def _is_above(risk: RiskLevel, other: RiskLevel) -> bool:
    return _ASCENDING.index(risk) > _ASCENDING.index(other)
