"""Findings of a run in the process of its scan: their violations so far, and the counts by risk."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from app.core.ids import new_id
from app.domain.findings import COUNTED, AssessedFinding, Finding, FindingId, FoundViolation, group, with_risk
from app.domain.matched_rules import MatchedRules, matched_rules_of, merge_matched_rules, rules_of_kind
from app.domain.rechecks import Recheck, recheck_of, with_recheck
from app.domain.risk import UNKNOWN, stated
from app.domain.violations import RiskLevel, ViolationFact, ViolationKey
from app.events.types import FindingChanged, ViolationDetected
from app.findings.content_hosts import content_hosts_of
from app.findings.queries import findings, violations
from app.findings.violation_mapping import NewViolation

MAX_CONTENT_HOSTS: Final = 50  # of a finding; with more it is about the domain as a whole
Grouped = Sequence[Finding[FoundViolation]]
Assess = Callable[[Grouped], Awaitable[Sequence[AssessedFinding]]]  # by what the scan has collected so far


@dataclass(frozen=True, slots=True)
class FindingChange:
    """Changes of one domain to be written: its findings, findings merged into others, and moved violations."""

    findings: tuple[AssessedFinding, ...]
    gone: tuple[FindingId, ...] = ()
    changed: tuple[AssessedFinding, ...] = ()  # `finding_changed` reports these
    is_silent: bool = False  # only matched rules or hosts have changed, and no event reports it


class RunFindings:
    """Changes only with what is reported, so that the counts are those of the events before."""

    def __init__(self, violations: Iterable[FoundViolation] = (), findings: Iterable[AssessedFinding] = ()) -> None:
        """Take what earlier attempts of the run have reported."""
        self._violations: dict[str, list[FoundViolation]] = {}
        self._findings: dict[str, dict[FindingId, AssessedFinding]] = {}
        self._counts: Counter[str] = Counter()
        self._violation_counts: Counter[str] = Counter()
        self._rechecks: dict[tuple[str, str], Recheck] = {}  # by domain and kind
        # The same; of all pages that are accused of it. None: an older version has written what is not known here.
        self._matched_rules: dict[tuple[str, str], MatchedRules | None] = {}
        # Where the content was seen, on the same pages (`content_hosts_of`). None: the domain as a whole.
        self._content_hosts: dict[tuple[str, str], frozenset[str] | None] = {}
        for violation in violations:
            self._add(violation)
        for finding in findings:
            self._findings.setdefault(finding.id.domain, {})[finding.id] = finding
            self._count(finding, 1)
            self._content_hosts[finding.id.domain, finding.id.cause.value] = finding.content_hosts
            rules = finding.matched_rules
            for kind in finding.kinds:
                self._matched_rules[finding.id.domain, kind] = None if rules is None else rules_of_kind(rules, kind)
            if (state := recheck_of(reason.code for reason in finding.risk.reasons)) is not None:
                self._rechecks[finding.id.domain, finding.id.cause.value] = state

    @property
    def keys(self) -> set[tuple[str, str]]:
        """Return (domain, kind) of all violations."""
        return {(item.domain, item.violation_key) for found in self._violations.values() for item in found}

    @property
    def domains(self) -> list[str]:
        return list(self._violations)

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many findings there are: in all, of each level, and for a review."""
        return {name: self._counts[name] for name in COUNTED}

    @property
    def violation_counts(self) -> Mapping[str, int]:
        """Return the same of the violations that they are made of, each at the level of its finding."""
        return {name: self._violation_counts[name] for name in COUNTED}

    def grouped(self, domain: str, new: FoundViolation | None = None) -> Grouped:
        """Return the findings of a domain as they are, or as they become with this violation."""
        found = group([*self._violations.get(domain, ()), *([] if new is None else [new])])
        return [replace(item, content_hosts=self._content_hosts_of(item.id)) for item in found]

    def recheck_of(self, domain: str, kind: str) -> Recheck | None:
        """Return what is known of a violation beyond its first sight; None: nothing."""
        return self._rechecks.get((domain, kind))

    def note_recheck(self, domain: str, kind: str, state: Recheck) -> None:
        """Take the state of a violation, which may still have to be reported; `tell` what becomes of its finding."""
        self._rechecks[domain, kind] = state
        if state is not Recheck.NOT_CONFIRMED:
            return
        known = self._violations.get(domain, [])
        for index, item in enumerate(known):
            if item.violation_key == kind and not item.needs_review:
                known[index] = replace(item, needs_review=True)
                self._violation_counts["needs_review"] += 1

    def note_page(self, fact: ViolationFact) -> FindingChange | None:
        """Add the rules that matched on a page, and its host, to those of its violation; return what is to be written,
        None: nothing.

        Which page of a domain comes first is chance; what all of them show is not. What is noted before the violation
        is told, is part of what `tell` returns.
        """
        domain, kind = name = (fact.domain, fact.violation_key.value)
        before = self._matched_rules.get(name, {})
        if before is None:
            return None
        self._matched_rules[name] = merge_matched_rules(before, matched_rules_of(kind, fact.evidence))
        self._note_hosts(name, content_hosts_of(fact))
        known = self._findings.get(domain, {})
        changed = [new for item in known.values() if (new := self._with_pages(item)) != item]
        known.update((item.id, item) for item in changed)
        return FindingChange(tuple(changed), is_silent=True) if changed else None

    def end_rechecks(self) -> None:
        """The scan is over: what still awaits its recheck counts as it is."""
        awaiting = [name for name, state in self._rechecks.items() if state is Recheck.AWAITED]
        self._rechecks |= dict.fromkeys(awaiting, Recheck.UPHELD)

    def rechecked(self, item: AssessedFinding) -> AssessedFinding:
        """Return an assessed finding with its recheck. One that also takes a hidden link counts as it is: somebody has
        hidden that link, whatever its target shows.
        """
        state = self._rechecks.get((item.id.domain, item.id.cause.value))
        return item if state is None or len(item.kinds) > 1 else replace(item, risk=with_recheck(item.risk, state))

    def tell(self, domain: str, found: Sequence[AssessedFinding], new: FoundViolation | None = None) -> FindingChange:
        """Take the findings of a domain as they are assessed now, with a violation that is new."""
        if new is not None:
            self._add(new)
        found = [self._with_pages(item) for item in found]
        before, now = (
            self._findings.get(domain, {}),
            {assessed_finding.id: assessed_finding for assessed_finding in found},
        )
        self._findings[domain] = now
        for item in before.values():
            self._count(item, -1)
        for item in found:
            self._count(item, 1)
        gone = tuple(name for name in before if name not in now)
        # The violation of a new finding reports it, unless the finding also takes a hidden link from another one.
        changed = (
            assessed_finding
            for assessed_finding in found
            if (
                before[assessed_finding.id] != assessed_finding
                if assessed_finding.id in before
                else len(assessed_finding.kinds) > 1
            )
        )
        return FindingChange(tuple(found), gone, tuple(changed))

    def event(self, violation: NewViolation, language: str) -> ViolationDetected:
        """Return the event of a violation that `tell` has just taken, with the counts after it."""
        return violation.event(language, violation_counts=self.violation_counts, finding_counts=self.counts)

    def events(self, change: FindingChange) -> list[FindingChanged]:
        """Return `finding_changed` of what `tell` has just taken, with the counts after it."""
        return [
            FindingChanged(
                finding_id=str(item.id),
                domain=item.id.domain,
                kinds=tuple(map(ViolationKey, item.kinds)),
                risk_level=item.risk.level,
                score=item.risk.score,
                violation_counts=dict(self.violation_counts),
                finding_counts=dict(self.counts),
            )
            for item in change.changed
        ]

    def tell_stated(
        self, fact: ViolationFact, level: RiskLevel, violation_id: str | None = None
    ) -> tuple[NewViolation, FindingChange]:
        """Take a violation whose level is stated by its reporter, and not assessed. `violation_id` None: a new one."""
        new = found_violation(fact, violation_id or new_id())
        self.note_page(fact)
        grouped = self.grouped(fact.domain, new)
        known = self._findings.get(fact.domain, {})
        found = [
            stated_finding(item, level if new in item.violations or item.id not in known else known[item.id].risk.level)
            for item in grouped
        ]
        change = self.tell(fact.domain, found, new)
        return NewViolation(fact, finding_of(new, change.findings), new.id), change

    def _add(self, violation: FoundViolation) -> None:
        if self._rechecks.get((violation.domain, violation.violation_key)) is Recheck.NOT_CONFIRMED:
            violation = replace(violation, needs_review=True)  # it was looked at again before it was told
        self._violations.setdefault(violation.domain, []).append(violation)
        self._violation_counts["needs_review"] += violation.needs_review

    def _note_hosts(self, name: tuple[str, str], found: frozenset[str] | None) -> None:
        before = self._content_hosts.get(name, frozenset())
        hosts = None if found is None or before is None else before | found
        self._content_hosts[name] = None if hosts is None or len(hosts) > MAX_CONTENT_HOSTS else hosts

    def _content_hosts_of(self, finding_id: FindingId) -> frozenset[str] | None:
        return self._content_hosts.get((finding_id.domain, finding_id.cause.value))

    def _with_pages(self, finding: AssessedFinding) -> AssessedFinding:
        """Return the finding with what all its pages show: rules are None if those of one violation are not known."""
        rules = [self._matched_rules.get((finding.id.domain, kind), {}) for kind in finding.kinds]
        known = [item for item in rules if item is not None]
        merged = merge_matched_rules(*known) if len(known) == len(rules) else None
        return replace(finding, matched_rules=merged, content_hosts=self._content_hosts_of(finding.id))

    def _count(self, finding: AssessedFinding, sign: int) -> None:
        level = finding.risk.level.value
        self._counts.update({"total": sign, level: sign, "needs_review": sign * finding.needs_review})
        self._violation_counts.update({"total": sign * len(finding.kinds), level: sign * len(finding.kinds)})


def read_run_findings(connection: Connection, task_id: str, run: int) -> RunFindings:
    """Read the findings that a run has reported so far."""
    known = violations.known_violations(connection, task_id, run)
    return RunFindings(known, findings.with_rules_of_run(connection, task_id, run))


def found_violation(fact: ViolationFact, violation_id: str) -> FoundViolation:
    """Return what its finding needs to know of a violation."""
    return FoundViolation(
        violation_id,
        fact.domain,
        fact.violation_key.value,
        fact.confidence_score,
        fact.needs_review,
        fact.url,
        fact.found_on,
    )


def finding_of(violation: FoundViolation, found: Iterable[AssessedFinding]) -> AssessedFinding:
    """Return the finding that the violation is part of."""
    return next(assessed_finding for assessed_finding in found if violation.violation_key in assessed_finding.kinds)


def stated_finding(finding: Finding[FoundViolation], level: RiskLevel) -> AssessedFinding:
    """Return a finding whose risk level was stated by its reporter, without references."""
    return with_risk(finding, stated(level), UNKNOWN)
